# SPDX-License-Identifier: GPL-2.0-or-later
# Bash completion for downburst.

_virt_qemu_downburst() {
  local cur prev split
  # shellcheck disable=SC2034
  local words cword
  _init_completion -s || return

  case $prev in
    --meta-data | --user-data | --logfile | -l)
      _filedir
      return
      ;;
    --hypervisor)
      mapfile -t COMPREPLY < <(compgen -W 'kvm qemu' -- "$cur")
      return
      ;;
    --connect | -c)
      _known_hosts_real -- "$cur"
      return
      ;;
  esac
  $split && return
  mapfile -t COMPREPLY < <(compgen -W 'create destroy list list-json gen-ssh-key
    --verbose --logfile= --connect= --help --user-data= --meta-data= --wait --nokey --forcenew
    --distro= --distroversion= --arch= --hypervisor=' -- "$cur")
  [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
} &&
  complete -F _virt_qemu_downburst downburst
