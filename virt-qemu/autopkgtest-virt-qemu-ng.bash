# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for autopkgtest-virt-qemu-ng; it is loaded by the bash-completion package.

_autopkgtest_virt_qemu_ng ()
{
  # shellcheck disable=SC2034 # _init_completion sets them all
  local cur prev words cword split
  # -s: an option's value may follow it after "="
  _init_completion -s -n @ || return

  case $prev in
    --boot)
      mapfile -t COMPREPLY < <(compgen -W 'auto bios efi ieee1275 none' -- "$cur")
      return
      ;;
    --accel)
      mapfile -t COMPREPLY < <(compgen -W 'auto kvm tcg' -- "$cur")
      return
      ;;
    --network)
      mapfile -t COMPREPLY < <(compgen -W 'user restricted' -- "$cur")
      return
      ;;
    --nic)
      compopt -o nospace
      mapfile -t COMPREPLY < <(compgen -W 'user bridge,br=' -- "$cur")
      return
      ;;
    --cloud-init-errors)
      mapfile -t COMPREPLY < <(compgen -W 'fail warn' -- "$cur")
      return
      ;;
    --display)
      mapfile -t COMPREPLY < <(compgen -W 'auto none VGA bochs-display virtio-gpu-pci virtio-vga' -- "$cur")
      return
      ;;
    --sandbox)
      mapfile -t COMPREPLY < <(compgen -W 'auto on off' -- "$cur")
      return
      ;;
    --channel)
      mapfile -t COMPREPLY < <(compgen -W 'auto helper ssh' -- "$cur")
      return
      ;;
    --guest-agent)
      mapfile -t COMPREPLY < <(compgen -W 'auto require install off' -- "$cur")
      return
      ;;
    --template)
      mapfile -t COMPREPLY < <(compgen -W 'auto off refresh' -- "$cur")
      return
      ;;
    --shared-dir)
      case $cur in
        src=*,*) ;;
        src=*)
          cur=${cur#src=}
          _filedir -d
          ;;
        *)
          COMPREPLY=(src=)
          compopt -o nospace
          ;;
      esac
      return
      ;;
    --disk)
      # after the last comma, of which bash does not know
      case ${cur##*,} in
        *=*) ;;
        *)
          mapfile -t COMPREPLY < <(compgen -W 'action=create action=clone action=attach name= parent= size= url=
            format= type=filesystem type=block fs= mount= read-only cache= encrypt=luks1 secret= parent-encrypt=luks1 parent-secret=' -- "${cur##*,}")
          [[ $cur == *,* ]] && COMPREPLY=("${COMPREPLY[@]/#/${cur%,*},}")
          compopt -o nospace
          ;;
      esac
      return
      ;;
    --cdrom-file)
      if [[ $cur == *=* ]]; then
        cur=${cur#*=}
        _filedir
      fi
      return
      ;;
    --slot)
      mapfile -t COMPREPLY < <(compgen -W "$(virt-qemu slots --format=names 2>/dev/null)" -- "$cur")
      return
      ;;
    --instance)
      mapfile -t COMPREPLY < <(compgen -W "$(virt-qemu list --format=names 2>/dev/null)" -- "$cur")
      return
      ;;
    --template-script | --ssh-key | --stats-file | --user-data | --meta-data | --network-config)
      _filedir
      return
      ;;
    --qemu-architecture)
      mapfile -t COMPREPLY < <(compgen -W 'x86_64 i386 aarch64 arm ppc64le s390x riscv64
        loongarch64 mips64el ppc ppc64 sparc64' -- "$cur")
      return
      ;;
    --dpkg-architecture)
      mapfile -t COMPREPLY < <(compgen -W 'amd64 i386 arm64 armhf ppc64el s390x riscv64
        loong64 mips64el powerpc ppc64 sparc64' -- "$cur")
      return
      ;;
    --qemu-command | -q)
      mapfile -t COMPREPLY < <(compgen -c -- "${cur:-qemu-system-}")
      return
      ;;
    --overlay-dir | -o | --template-dir | --allow-backing | --log-dir)
      _filedir -d
      return
      ;;
    --user | -u)
      mapfile -t COMPREPLY < <(compgen -u -- "$cur")
      return
      ;;
    --password | -p | --cpus | -c | --disks | --disk-size | --ram-size | --timeout-reboot | --timeout-poweroff | --qemu-options | \
      --template-max-age | --template-cache-size | --set)
      return
      ;;
  esac
  $split && return

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '
      --accel= --allow-backing= --allow-revert --baseimage --boot= --channel= --clone-disks --cpus= --debug --disk= --disks= --display= --dpkg-architecture= --efi --guest-agent= --help --instance=
      --log-dir= --network= --nic= --overlay-dir=
      --user-data= --meta-data= --network-config= --cloud-init-errors= --set= --cdrom-file=
      --password= --qemu-architecture= --qemu-command= --qemu-options= --disk-size= --ram-size= --sandbox= --shared-dir= --show-boot --slot= --spare= --ssh-key= --ssh-user= --keep-failed= --stats --stats-file=
      --template= --template-cache-size= --template-dir= --template-max-age= --template-script=
      --timeout-poweroff= --timeout-reboot= --user= --version' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ $cur == @* ]]; then
    # a file of arguments
    cur=${cur#@}
    _filedir
    COMPREPLY=("${COMPREPLY[@]/#/@}")
  else
    _filedir
  fi
} && complete -F _autopkgtest_virt_qemu_ng autopkgtest-virt-qemu-ng
