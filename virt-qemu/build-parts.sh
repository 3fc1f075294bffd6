# shellcheck shell=sh disable=SC2034,SC2154 # who reads this uses and sets them
# SPDX-License-Identifier: GPL-2.0-or-later
# What virt-qemu-build puts into an image. Each function prints a piece of a script that mmdebstrap runs:
# those of base_files and fast_initrd before the packages are installed, the others after it. The pieces are
# joined, so those that begin with identity or base_files have the root directory in $root.

system_packages=initramfs-tools,zstd,systemd-sysv,udev,dbus,libpam-systemd,iproute2

# base_files [FILE-SYSTEM]
base_files() {
	options=rw
	[ "${1:-ext4}" != ext4 ] || options=rw,errors=remount-ro
	cat <<-END
		set -e
		root=\$1
		echo 'LABEL=root / ${1:-ext4} $options 0 0' >"\$root/etc/fstab"
	END
}

# Ubuntu would keep them in /boot.
kernel_in_root() {
	cat <<-'END'
		printf 'do_symlinks = yes\nlink_in_boot = no\n' >"$root/etc/kernel-img.conf"
	END
}

# The initrd loads the modules of QEMU's disk and looks no further: with udev in it, all devices would be
# gone through twice, which takes two seconds more on an emulated CPU.
# fast_initrd [FILE-SYSTEM]
fast_initrd() {
	echo "fs=${1:-ext4}"
	cat <<-'END'
		mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/etc/initramfs-tools/hooks"
		printf 'MODULES=list\nCOMPRESS=zstd\nFSTYPE=%s\nRESUME=none\n' "$fs" >"$root/etc/initramfs-tools/conf.d/virt-qemu"
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
		sed -i "s/ ext4;/ $fs;/" "$root/etc/initramfs-tools/hooks/virt-qemu"
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

# What a kernel upgrade in the guest gives to zipl. Not there when the first kernel is installed: zipl needs the disk.
zipl_config() {
	cat <<-END
		cat >"\$root/etc/zipl.conf" <<'ZIPL'
		[defaultboot]
		default=system

		[system]
		target=/boot
		image=/vmlinuz
		ramdisk=/initrd.img
		parameters="root=LABEL=root $root_options $cmdline"
		ZIPL
	END
}

# QEMU knows only the reboot that clears the memory; the kernel would ask for the other one, and stop.
zipl_reboot() {
	cat <<-'END'
		echo 'w- /sys/firmware/reipl/ccw/clear - - - - 1' >"$root/etc/tmpfiles.d/virt-qemu.conf"
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

# Without it the guest would find a new disk at each boot. With SOURCE_DATE_EPOCH it is always the same.
machine_id() {
	cat <<-'END'
		if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
			echo "$SOURCE_DATE_EPOCH" | md5sum | cut -c1-32 >"$root/etc/machine-id"
		else
			chroot "$root" systemd-machine-id-setup 2>/dev/null
		fi
	END
}

# ---- the systems that "virt-qemu image build" makes ----

# The kernel, and what Ubuntu does not count as required. first_packages DISTRO ARCH
first_packages() {
	case $1 in
	ubuntu) echo linux-image-virtual,apt ;;
	debian) echo "linux-image-$(echo "$2" | sed s/ppc64el/powerpc64le/)" ;;
	esac
}

# What a test guest should be: quick to start, with the agent and a root shell. Sets packages, early_hook,
# hook, last_hook and cmdline for what virt-qemu-build was asked for.
define_testbed() {
	# zstd: the kernel unpacks it faster than gzip, which counts where the CPU is emulated.
	packages=$(first_packages "$distro" "$arch"),$system_packages,qemu-guest-agent,python3-minimal
	packages=$packages,ca-certificates,dpkg-dev,procps,kmod,less,e2fsprogs
	[ "$fs" = ext4 ] || packages=$packages,btrfs-progs
	console=ttyS0
	case $boot-$arch in
	bios-*) loader=i386-pc loader_package=grub-pc-bin ;;
	efi-amd64) loader=x86_64-efi loader_package=grub-efi-amd64-bin ;;
	ieee1275-ppc64el) loader=powerpc-ieee1275 loader_package=grub-ieee1275-bin console=hvc0 ;;
	efi-arm64) loader=arm64-efi loader_package=grub-efi-arm64-bin console=ttyAMA0 ;;
	efi-riscv64) loader=riscv64-efi loader_package=grub-efi-riscv64-bin ;;
	zipl-s390x) loader='' loader_package=s390-tools console='' ;; # the kernel knows its console
	esac
	[ -e "/usr/lib/grub/$loader/linux.mod" ] || packages=$packages,$loader_package
	early_hook=$(base_files "$fs"; [ "$distro" != ubuntu ] || kernel_in_root; fast_initrd "$fs")
	hook=$(identity; networkd; no_password root; testbed)
	cmdline="${console:+console=$console }quiet fsck.mode=skip${cmdline:+ $cmdline}"
	last_hook=$(echo "set -e; root=\$1"; machine_id; tidy; apt_digest; [ "$boot" != zipl ] || { zipl_config && zipl_reboot; })
}

testbed() {
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
			ln -sf /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
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
}

# The lists of packages stay, and apt's digest of them: making it takes half a minute on an emulated CPU.
apt_digest() {
	cat <<-'END'
		chroot "$root" apt-cache gencaches
	END
}
