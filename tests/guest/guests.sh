# shellcheck shell=sh disable=SC2034 # who reads this uses them
# SPDX-License-Identifier: GPL-2.0-or-later
# The guests of the tests, for make-image: define_guest NAME sets what each is made of. The texts of the
# hooks are the scripts that mmdebstrap runs, with the guest's root directory as $1: "essential" before
# the packages are installed, "customize" after it.

testbed_script=/usr/share/autopkgtest/setup-commands/setup-testbed

guests="debian-12-agent debian-12 debian-13 debian-sid debian-12-bios login-open login cloud mean"
guests="$guests sysvinit arm64 raw backed vmdk debian-13-agent lvm"
default_guest=debian-12-agent

# What logs in on the serial port of "login". Quoting it wrongly must not go unnoticed.
login_password="it's \"secret\""

# ---- what several of them have ----

default_essential() {
	cat <<-'END'
		set -e
		root=$1
		echo 'LABEL=root / ext4 rw,errors=remount-ro 0 0' >"$root/etc/fstab"
	END
}

# The initrd loads the modules of QEMU's disk and looks no further: with udev in it, all devices would be
# gone through twice, which takes two seconds more on an emulated CPU.
fast_initrd() {
	cat <<-'END'
		mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/etc/initramfs-tools/hooks"
		printf 'MODULES=list\nCOMPRESS=zstd\nFSTYPE=ext4\nRESUME=none\n' >"$root/etc/initramfs-tools/conf.d/virt-qemu"
		cat >"$root/etc/initramfs-tools/hooks/virt-qemu" <<'HOOK'
		#!/bin/sh
		[ "$1" = prereqs ] && exit
		. /usr/share/initramfs-tools/hook-functions
		for module in virtio_pci virtio_blk crc32c_generic ext4; do
			force_load "$module"
		done
		# What is left of udev's last script moves /dev to the root file system.
		sed -i /udevadm/d "$DESTDIR/scripts/init-bottom/udev"
		rm -f "$DESTDIR/scripts/init-top/udev" "$DESTDIR"/bin/udevadm "$DESTDIR"/usr/bin/udevadm
		rm -rf "$DESTDIR"/lib/systemd "$DESTDIR"/usr/lib/systemd "$DESTDIR"/lib/udev "$DESTDIR"/usr/lib/udev
		HOOK
		chmod 755 "$root/etc/initramfs-tools/hooks/virt-qemu"
	END
}

# Names and users as autopkgtest's own tools set them.
identity() {
	cat <<-'END'
		set -e
		root=$1
		echo host >"$root/etc/hostname"
		printf '127.0.0.1 localhost\n127.0.1.1 host\n::1 localhost ip6-localhost\n' >"$root/etc/hosts"
		chroot "$root" useradd --create-home --uid 1000 --shell /bin/bash user
	END
}

# With the name server of QEMU's user network: systemd-resolved would cost seconds of every boot. QEMU's
# IPv6 network seldom leads anywhere: do not let downloads try it first.
networkd() {
	cat <<-'END'
		cat >"$root/etc/systemd/network/80-virt-qemu.network" <<'NETWORK'
		[Match]
		Name=en* eth*

		[Network]
		DHCP=ipv4
		IPv6AcceptRA=no
		NETWORK
		chroot "$root" systemctl --quiet enable systemd-networkd.service
	END
}

# The last of all: the bootstrap needs the network itself.
tidy() {
	cat <<-'END'
		rm -f "$root/etc/resolv.conf"
		echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
		rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/log/apt/* "$root/var/log/dpkg.log"
	END
}

# no_password USER
no_password() { echo "chroot \"\$root\" passwd --quiet --delete $1"; }

# Without it the guest would find a new disk at each boot.
machine_id() {
	cat <<-'END'
		chroot "$root" systemd-machine-id-setup 2>/dev/null
	END
}

# The program that autopkgtest-build-qemu and mmdebstrap-autopkgtest-build-qemu run to make a testbed of
# a system; those need loop devices with partitions, or a newer mmdebstrap.
setup_testbed() {
	no_password root
	no_password user
	cat <<-END
		export AUTOPKGTEST_BUILD_QEMU=1 AUTOPKGTEST_KEEP_APT_SOURCES=1
		$testbed_script "\$root" >"\$root/setup.log" 2>&1 || { cat "\$root/setup.log" >&2; exit 1; }
		rm -f "\$root/setup.log"
	END
}

# A root shell on \$1, as we ourselves would start one: it comes back.
root_shell() {
	cat <<-END
		cat >"\$root/etc/systemd/system/shell-$1.service" <<'SHELL'
		[Unit]
		Description=Root shell on $1

		[Service]
		ExecStart=/bin/sh
		Restart=always
		StandardInput=tty-force
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/$1

		[Install]
		WantedBy=multi-user.target
		SHELL
		chroot "\$root" systemctl --quiet enable shell-$1.service
	END
}

system_packages=initramfs-tools,zstd,systemd-sysv,udev,dbus,libpam-systemd,iproute2

# ---- one function for each ----

# What a test guest should be: quick to start, with the agent and a root shell.
guest_debian_12_agent() {
	# zstd: the kernel unpacks it faster than gzip, which counts where the CPU is emulated.
	packages=$packages,qemu-guest-agent,python3-minimal,ca-certificates,dpkg-dev,procps,kmod,less
	essential=$(default_essential; fast_initrd)
	customize=$(agent_customize)
	cmdline="console=ttyS0 quiet fsck.mode=skip"
	disk_mib=8192
}

agent_customize() {
	identity
	networkd
	no_password root
	cat <<-'END'
		# A system without a network card waits in vain; it shall be "running" after that all the same.
		mkdir -p "$root/etc/systemd/system/systemd-networkd-wait-online.service.d"
		cat >"$root/etc/systemd/system/systemd-networkd-wait-online.service.d/virt-qemu.conf" <<'WAIT'
		[Service]
		ExecStart=
		ExecStart=-/lib/systemd/systemd-networkd-wait-online --any --timeout=60
		WAIT

		# A root shell waits wherever autopkgtest's QEMU server looks for one. A serial port that is
		# not there still has a device node; its type is then 0.
		cat >"$root/etc/systemd/system/root-shell@.service" <<'SHELL'
		[Unit]
		Description=Root shell on %I
		BindsTo=dev-%i.device
		After=dev-%i.device

		[Service]
		ExecCondition=/bin/sh -c '[ "$(cat /sys/class/tty/%I/type 2>/dev/null)" != 0 ]'
		ExecStart=/bin/sh
		Environment=HOME=/root TERM=dumb
		WorkingDirectory=/root
		StandardInput=tty-fail
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/%I
		# An interactive shell ignores SIGTERM.
		KillSignal=SIGHUP
		SuccessExitStatus=0 208 SIGHUP SIGINT SIGTERM SIGPIPE

		[Install]
		WantedBy=dev-%i.device
		SHELL

		systemctl() { chroot "$root" systemctl --quiet "$@"; }
		systemctl enable root-shell@hvc1.service root-shell@ttyS1.service
		systemctl disable getty@tty1.service
		# "running" shall mean that the network is up.
		systemctl add-wants multi-user.target network-online.target
		systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
			e2scrub_all.timer e2scrub_reap.service modprobe@drm.service modprobe@efi_pstore.service \
			modprobe@dm_mod.service modprobe@loop.service
		for generator in gpt-auto hibernate-resume bless-boot rc-local; do
			mkdir -p "$root/etc/systemd/system-generators"
			ln -s /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
		done
		# Hardware that QEMU pretends to have and nobody needs: loading its drivers takes longer than all
		# the rest of the boot. modprobe by name still works.
		for module in kvm kvm_amd kvm_intel ccp ahci cfg80211 iTCO_wdt lpc_ich i2c_i801 psmouse pcspkr \
			powernow_k8 acpi_cpufreq bochs cirrus snd_hda_intel floppy aesni_intel ghash_clmulni_intel \
			crct10dif_pclmul crc32_pclmul sha512_ssse3 polyval_clmulni; do
			echo "blacklist $module"
		done >"$root/etc/modprobe.d/virt-qemu.conf"
		mkdir -p "$root/etc/systemd/journald.conf.d"
		printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/virt-qemu.conf"
	END
	machine_id
	tidy
	cat <<-'END'
		# The lists stay, and apt's digest of them: making it takes half a minute on an emulated CPU.
		chroot "$root" apt-cache gencaches
	END
}

# Reboots in ways that Debian 12 does not know: systemctl soft-reboot, and kexec.
guest_debian_13_agent() {
	guest_debian_12_agent
	suite=trixie
	packages=$packages,kexec-tools
}

# With the tools of LVM, and a partition that nobody uses.
guest_lvm() {
	packages=$packages,lvm2
	home_mib=256
	essential=$(default_essential; fast_initrd)
	customize=$(identity; networkd; root_shell hvc1; machine_id; tidy)
}

# As mmdebstrap-autopkgtest-build-qemu makes it.
guest_debian_12() {
	customize=$(identity; networkd; setup_testbed; machine_id; tidy)
	cmdline="console=tty0 console=hvc0 console=ttyS0"
}

guest_debian_13() {
	guest_debian_12
	suite=trixie
}

# A mirror that is weeks behind will do.
guest_debian_sid() {
	guest_debian_12
	suite=sid
	apt_option="$apt_option; Acquire::Check-Valid-Until \"false\""
}

# As autopkgtest-build-qemu makes it: the system's own GRUB, which a kernel upgrade may configure anew.
guest_debian_12_bios() {
	packages=$packages,grub-pc,ifupdown,isc-dhcp-client
	boot=bios
	essential=$(default_essential; bios_essential)
	customize=$(identity; setup_testbed; bios_grub; machine_id; tidy)
}

bios_essential() {
	cat <<-'END'
		mkdir -p "$root/etc/network"
		printf 'auto lo\niface lo inet loopback\n' >"$root/etc/network/interfaces"
		echo 'grub-pc grub-pc/install_devices_empty boolean true' | chroot "$root" debconf-set-selections
	END
}

bios_grub() {
	cat <<-'END'
		mkdir -p "$root/boot/grub/i386-pc"
		cp "$root"/usr/lib/grub/i386-pc/*.mod "$root"/usr/lib/grub/i386-pc/*.lst "$root/boot/grub/i386-pc/"
		cat >"$root/boot/grub/grub.cfg" <<'GRUB'
		serial
		terminal_input serial
		terminal_output serial
		set timeout=1
		menuentry Debian {
			linux /vmlinuz root=LABEL=root rw console=tty0 console=hvc0 console=ttyS0
			initrd /initrd.img
		}
		GRUB
	END
}

# Nothing but a login prompt on ttyS0. Root needs no password.
guest_login_open() {
	essential=$(default_essential; fast_initrd)
	customize=$(identity; no_password root; machine_id; tidy)
}

# The same; root and the user "tester", who may use sudo, have the same password.
guest_login() {
	packages=$packages,sudo
	essential=$(default_essential; fast_initrd)
	customize=$(identity; passwords; machine_id; tidy)
}

passwords() {
	cat <<-END
		chroot "\$root" useradd --create-home --shell /bin/bash --groups sudo tester
		chroot "\$root" chpasswd <<'PASSWORDS'
		root:$login_password
		tester:$login_password
		PASSWORDS
	END
}

# What clouds have, and nothing that we could know of it.
guest_cloud() {
	packages=linux-image-cloud-amd64,$system_packages,cloud-init,cloud-guest-utils,netplan.io,systemd-resolved,openssh-server,sudo
	cmdline="console=tty0 console=ttyS0,115200 earlyprintk=ttyS0,115200 consoleblank=0"
	customize=$(cloud_customize)
}

cloud_customize() {
	cat <<-'END'
		set -e
		root=$1
		rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname"
		: >"$root/etc/machine-id"
		rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/log/apt/* "$root/var/log/dpkg.log"
		ln -fs ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
	END
}

# No 9p in the kernel, no Python, a root file system that is never written, and no programs in /run and
# /tmp. Only /home lasts.
guest_mean() {
	packages=linux-image-cloud-amd64,initramfs-tools,zstd,systemd-sysv,udev,iproute2
	root_options=ro
	home_mib=256
	customize=$(identity; mean_customize; root_shell hvc1; machine_id; tidy)
}

mean_customize() {
	cat <<-'END'
		cat >"$root/etc/fstab" <<'FSTAB'
		LABEL=root / ext4 ro 0 0
		LABEL=home /home ext4 rw,nosuid,nodev 0 0
		tmpfs /run tmpfs rw,nosuid,nodev,noexec,mode=755 0 0
		tmpfs /tmp tmpfs rw,nosuid,nodev,noexec,mode=1777 0 0
		tmpfs /var/tmp tmpfs rw,nosuid,nodev,noexec,mode=1777 0 0
		tmpfs /var/log tmpfs rw,nosuid,nodev,noexec,mode=755 0 0
		tmpfs /var/lib/systemd tmpfs rw,nosuid,nodev,noexec,mode=755 0 0
		FSTAB
		# Whatever else has brought it along.
		if ls "$root"/usr/bin/python* >/dev/null 2>&1; then echo 'there is a python' >&2; exit 1; fi
	END
}

# The root shell on hvc1 is started once and has no terminal of its own, as setup-testbed does it where
# there is no systemd; the one on ttyS1 is init's and comes back.
guest_sysvinit() {
	packages=linux-image-amd64,initramfs-tools,zstd,sysvinit-core,sysv-rc,udev,iproute2,procps
	packages=$packages,ifupdown,isc-dhcp-client
	essential=$(default_essential; fast_initrd)
	customize=$(identity; no_password root; sysvinit_customize; tidy)
}

sysvinit_customize() {
	cat <<-'END'
		printf 'auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n' >"$root/etc/network/interfaces"
		ln -s /dev/null "$root/etc/udev/rules.d/80-net-setup-link.rules"
		cat >"$root/etc/init.d/root-shell" <<'SHELL'
		#!/bin/sh
		### BEGIN INIT INFO
		# Provides:          root-shell
		# Required-Start:    $all
		# Required-Stop:
		# Default-Start:     2 3 4 5
		# Default-Stop:
		# Short-Description: Root shell on hvc1
		### END INIT INFO
		[ "$1" = start ] && [ -e /dev/hvc1 ] || exit 0
		setsid sh </dev/hvc1 >/dev/hvc1 2>&1 &
		SHELL
		chmod 755 "$root/etc/init.d/root-shell"
		chroot "$root" update-rc.d root-shell defaults
		cat >>"$root/etc/inittab" <<'INITTAB'
		T0:23:respawn:/sbin/getty -L ttyS0 115200 vt100
		T1:2345:respawn:/sbin/getty -n -l /bin/sh -L ttyS1 115200 dumb
		INITTAB
	END
}

# A foreign machine, for those who have no other.
guest_arm64() {
	arch=arm64
	packages=linux-image-arm64,$system_packages,grub-efi-arm64-bin,qemu-guest-agent
	essential=$(default_essential; fast_initrd)
	cmdline="console=ttyAMA0 fsck.mode=skip"
	customize=$(identity; networkd; machine_id; tidy)
}

# debian-12 in other kinds of files.
guest_raw() { base=debian-12 format=raw; }
guest_vmdk() { base=debian-12 format=vmdk; }
guest_backed() { base=debian-12 format=backed; }

# define_guest NAME: the defaults, and what NAME has of its own.
define_guest() {
	suite=bookworm
	arch=amd64
	apt_option='Acquire::Languages "none"'
	packages=linux-image-amd64,$system_packages
	boot=efi
	cmdline=console=ttyS0
	root_options=rw
	disk_mib=4096
	home_mib=0 # a partition of its own for /home
	format=qcow2
	base= # the guest whose image is made into this one
	essential=$(default_essential)
	customize=
	"guest_$(echo "$1" | tr - _)"
}
