#compdef autopkgtest-virt-qemu-ng virt-qemu downburst
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion for autopkgtest-virt-qemu-ng, virt-qemu and downburst. Verbs and options are those that --help
# lists; only the values of options are here.

# Reads a text of --help and prints OPTION:DESCRIPTION. One that takes a value ends in "=".
_virt_qemu_read_options () {
  awk '/^ +(-[A-Za-z], )?--[a-z]/ || /^  [a-z]+ --[a-z-]+ / {
      sub(/^ +([a-z]+ )?/, "")
      for (n = 0; match($0, /^--?[A-Za-z0-9-]+(=[^ ]*[^ ,])?/); sub(/^, /, "")) {
        words[n++] = substr($0, 1, RLENGTH)
        $0 = substr($0, RLENGTH + 1)
        if (!/^, -/)
          break
      }
      sub(/^ +/, "")
      for (i = 0; i < n; i++) {
        sub(/=.*/, "=", words[i])
        if (words[i] ~ /^--/)
          print words[i] ":" $0
      }
    }' | sort -u
}

# The options of the server that describe a machine, which some verbs of virt-qemu take, too.
_virt_qemu_machine_options () {
  _call_program options autopkgtest-virt-qemu-ng --help | sed '/^Machines that are there/,$d' | _virt_qemu_read_options
}

# _virt_qemu_read_verbs: reads a text of --help and prints VERB:DESCRIPTION.
_virt_qemu_read_verbs () {
  sed -nE 's/^  ([a-z][a-z-]*)( [A-Z.]+| --[a-z]+| NAME[.]*| \[NAME\])* +(.*)/\1:\3/p' | sort -u -t : -k 1,1
}

_virt_qemu_instances () {
  local -a names=(${(f)"$(_call_program instances virt-qemu list --format=names)"})
  compadd "$@" -a names
}

_virt_qemu_systems () {
  local -a names=(${(f)"$(_call_program systems virt-qemu image list-os --format=names)"})
  compadd "$@" -a names
}

# What the value of the option $1 can be.
_virt_qemu_values () {
  case $1 in
    --accel) compadd auto kvm tcg ;;
    --boot) compadd auto bios efi ieee1275 none ;;
    --channel) compadd auto helper ssh ;;
    --cloud-init-errors) compadd fail warn ;;
    --display) compadd auto none VGA bochs-display virtio-gpu-pci virtio-vga ;;
    --dpkg-architecture) compadd amd64 i386 arm64 armhf ppc64el s390x riscv64 loong64 mips64el powerpc ppc64 sparc64 ;;
    --guest-agent) compadd auto require install off ;;
    --network) compadd user restricted ;;
    --nic) compadd -S '' user bridge,br= ;;
    --qemu-architecture) compadd x86_64 i386 aarch64 arm ppc64le s390x riscv64 loongarch64 mips64el ppc ppc64 sparc64 ;;
    --sandbox | --spare) compadd auto on off ;;
    --template) compadd auto off refresh ;;
    --instance) _virt_qemu_instances ;;
    --slot) compadd ${(f)"$(_call_program slots virt-qemu slots --format=names)"} ;;
    --hypervisor) compadd kvm qemu ;;
    --fs) compadd ext4 btrfs ;;
    --image-format | --output-format) compadd qcow2 qed raw vdi vhdx vmdk vpc ;;
    --format) compadd text table json names ;;
    --for) compadd ready stopped ;;
    --until) compadd created started ready restarted reverted forked stopped deleted ;;
    --locked) compadd true false ;;
    --status) compadd up down ;;
    --os-type) compadd debian ubuntu ;;
    --user) _users ;;
    --connect) _hosts ;;
    --*-dir | --allow-backing) _files -/ ;;
    --image | --keyring | --json-query | --logfile | --meta-data | --network-config | --output | --script | --ssh-host-key | \
      --ssh-key | --stats-file | --targets | --template-script | --user-data) _files ;;
    *) _message 'value' ;;
  esac
}

# _virt_qemu_option OPTION:DESCRIPTION...: completes the current word if it is an option or its value.
_virt_qemu_option () {
  local -a flags=(${@:#--[^:]#=:*}) with_value=(${(M)@:#--[^:]#=:*})
  local option

  if [[ $PREFIX == --*=* ]]; then
    option=${PREFIX%%=*}
    compset -P '*='
    _virt_qemu_values $option
  elif [[ $words[CURRENT-1] == --* ]] && (( ${with_value[(I)${words[CURRENT-1]}=:*]} )); then
    _virt_qemu_values $words[CURRENT-1]
  elif [[ $PREFIX == -* ]]; then
    _describe -o option flags -- with_value -S ''
  else
    return 1
  fi
  return 0
}

# _virt_qemu_arguments VERBS: what can follow that is no option.
_virt_qemu_arguments () {
  case $1 in
    'image build' | 'image pull' | 'image update') _virt_qemu_systems ;;
    'image remove') compadd ${(f)"$(_call_program images virt-qemu image list --format=names)"} ;;
    'template remove') compadd ${(f)"$(_call_program templates virt-qemu template list --format=names)"} ;;
    'image convert' | 'image info') _files ;;
    launch | create | check | run | 'template build') _alternative 'systems:system:_virt_qemu_systems' 'files:image:_files' ;;
    'file '*) _alternative "instances:instance:_virt_qemu_instances -S /" 'files:file:_files' ;;
    'image '* | 'template '* | slots | prune | lock) ;;
    *) _virt_qemu_instances ;;
  esac
}

_virt_qemu_command () {
  local -a before=(${words[1,CURRENT-1]:#-*}) verbs options named
  local help

  verbs=($before[2])
  [[ $verbs == (image|file|template) ]] && verbs=($before[2,3])
  named=($verbs)
  # These have one text of --help for all.
  [[ $verbs[1] == file || ( $verbs[1] == template && $verbs[2] != build ) ]] && named=($verbs[1])
  help=$(_call_program help virt-qemu $named --help)
  options=(${(f)"$(_virt_qemu_read_options <<<$help)"})
  [[ $help == *'MACHINE OPTION'* && $named != template ]] && options+=(${(f)"$(_virt_qemu_machine_options)"})
  _virt_qemu_option $options && return
  if (( $#before == 1 )) || [[ $verbs == (image|file|template) ]]; then
    verbs=(${(f)"$(_virt_qemu_read_verbs <<<$help)"})
    _describe verb verbs
  else
    _virt_qemu_arguments "$verbs"
  fi
}

_virt_qemu_server () {
  _virt_qemu_option ${(f)"$(_call_program options autopkgtest-virt-qemu-ng --help | _virt_qemu_read_options)"} && return
  _alternative 'systems:system:_virt_qemu_systems' 'files:image:_files'
}

_virt_qemu_downburst () {
  local -a before=(${words[1,CURRENT-1]:#-*}) verbs
  local help=$(_call_program help downburst --help)

  _virt_qemu_option ${(f)"$(_virt_qemu_read_options <<<$help)"} && return
  verbs=(${(f)"$(_virt_qemu_read_verbs <<<$help)"})
  (( $#before > 1 )) || _describe command verbs
}

setopt local_options extended_glob
case $service in
  virt-qemu) _virt_qemu_command ;;
  downburst) _virt_qemu_downburst ;;
  *) _virt_qemu_server ;;
esac
