# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for autopkgtest-virt-qemu-ng, virt-qemu and downburst, which the bash-completion package loads. Verbs
# and options are those that --help lists; only the values of options are here.

# Reads a text of --help and prints the options. One that takes a value ends in "=".
_virt_qemu_read_options ()
{
  awk '/^ +(-[A-Za-z], )?--[a-z]/ || /^  [a-z]+ --[a-z-]+ / {
      sub(/^ +([a-z]+ )?/, "")
      while (match($0, /^--?[A-Za-z0-9-]+(=[^ ]*[^ ,])?/)) {
        word = substr($0, 1, RLENGTH)
        $0 = substr($0, RLENGTH + 1)
        sub(/=.*/, "=", word)
        if (word ~ /^--/)
          print word
        if (!sub(/^, -/, "-"))
          break
      }
    }'
}

# The options of the server that describe a machine, which some verbs of virt-qemu take, too.
_virt_qemu_machine_options ()
{
  autopkgtest-virt-qemu-ng --help 2>/dev/null | sed '/^Machines that are there/,$d' | _virt_qemu_read_options
}

# Reads a text of --help and prints the verbs.
_virt_qemu_read_verbs ()
{
  sed -nE 's/^  ([a-z][a-z-]*) .*/\1/p' | sort -u
}

# _virt_qemu_words WORDS: completes one of them.
_virt_qemu_words ()
{
  # If there are other candidates, these are added.
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$cur")
  [[ ${COMPREPLY-} == *[=/] && ${#COMPREPLY[@]} -eq 1 ]] && compopt -o nospace
}

# _virt_qemu_names VERB...: completes a name that such a verb lists.
_virt_qemu_names ()
{
  _virt_qemu_words "$(virt-qemu "$@" --format=names 2>/dev/null)"
}

_virt_qemu_shared_dir ()
{
  case $cur in
    src=*,*) ;;
    src=*)
      cur=${cur#src=}
      _filedir -d
      ;;
    *) _virt_qemu_words src= ;;
  esac
}

_virt_qemu_disk ()
{
  # after the last comma, of which bash does not know
  local begin=${cur%"${cur##*,}"}

  cur=${cur##*,}
  [[ $cur == *=* ]] && return
  _virt_qemu_words 'action=create action=clone action=attach name= parent= size= url= format= type=filesystem
    type=block fs= mount= read-only cache= encrypt=luks1 secret= parent-encrypt=luks1 parent-secret='
  COMPREPLY=("${COMPREPLY[@]/#/$begin}")
  compopt -o nospace
}

# What the value of the option $1 can be.
_virt_qemu_values ()
{
  case $1 in
    --accel) _virt_qemu_words 'auto kvm tcg' ;;
    --boot) _virt_qemu_words 'auto bios efi ieee1275 none' ;;
    --channel) _virt_qemu_words 'auto helper ssh' ;;
    --cloud-init-errors) _virt_qemu_words 'fail warn' ;;
    --disk) _virt_qemu_disk ;;
    --display) _virt_qemu_words 'auto none VGA bochs-display virtio-gpu-pci virtio-vga' ;;
    --dpkg-architecture)
      _virt_qemu_words 'amd64 i386 arm64 armhf ppc64el s390x riscv64 loong64 mips64el powerpc ppc64 sparc64'
      ;;
    --guest-agent) _virt_qemu_words 'auto require install off' ;;
    --network) _virt_qemu_words 'user restricted' ;;
    --nic) _virt_qemu_words 'user bridge,br=' ;;
    --qemu-architecture)
      _virt_qemu_words 'x86_64 i386 aarch64 arm ppc64le s390x riscv64 loongarch64 mips64el ppc ppc64 sparc64'
      ;;
    --sandbox | --spare) _virt_qemu_words 'auto on off' ;;
    --template) _virt_qemu_words 'auto off refresh' ;;
    --instance) _virt_qemu_names list ;;
    --slot) _virt_qemu_names slots ;;
    --hypervisor) _virt_qemu_words 'kvm qemu' ;;
    --fs) _virt_qemu_words 'ext4 btrfs' ;;
    --image-format | --output-format) _virt_qemu_words 'qcow2 qed raw vdi vhdx vmdk vpc' ;;
    --format) _virt_qemu_words 'text table json names' ;;
    --for) _virt_qemu_words 'ready stopped' ;;
    --until) _virt_qemu_words 'created started ready restarted reverted forked stopped deleted' ;;
    --locked) _virt_qemu_words 'true false' ;;
    --status) _virt_qemu_words 'up down' ;;
    --os-type) _virt_qemu_words 'debian ubuntu' ;;
    --user) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
    --connect) _known_hosts_real -- "$cur" ;;
    --qemu-command) mapfile -t COMPREPLY < <(compgen -c -- "${cur:-qemu-system-}") ;;
    --shared-dir) _virt_qemu_shared_dir ;;
    --cdrom-file)
      if [[ $cur == *=* ]]; then
        cur=${cur#*=}
        _filedir
      fi
      ;;
    --*-dir | --allow-backing) _filedir -d ;;
    --image | --keyring | --json-query | --logfile | --meta-data | --network-config | --output | --script | --ssh-host-key | \
      --ssh-key | --stats-file | --targets | --template-script | --user-data) _filedir ;;
  esac
}

# _virt_qemu_option OPTIONS: completes the current word if it is one of these, or the value of one.
_virt_qemu_option ()
{
  if $split || [[ $prev == --* && " ${1//$'\n'/ } " == *" $prev= "* ]]; then
    _virt_qemu_values "$prev"
  elif [[ $cur == -* ]]; then
    _virt_qemu_words "$1"
  else
    return 1
  fi
  return 0
}

# What can be in place of an image: a file, or the name of a system.
_virt_qemu_images ()
{
  _filedir
  _virt_qemu_names image list-os
}

# _virt_qemu_arguments VERBS: what can follow that is no option.
_virt_qemu_arguments ()
{
  case $1 in
    'image build' | 'image pull' | 'image update') _virt_qemu_names image list-os ;;
    'image remove') _virt_qemu_names image list ;;
    'template remove') _virt_qemu_names template list ;;
    'image convert' | 'image info') _filedir ;;
    launch | create | check | run | 'template build') _virt_qemu_images ;;
    'file '*)
      _filedir
      _virt_qemu_words "$(virt-qemu list --format=names 2>/dev/null | sed 's|$|/|')"
      ;;
    'image '* | 'template '* | slots | prune | lock) ;;
    screenshot)
      _filedir png
      _virt_qemu_names list
      ;;
    *) _virt_qemu_names list ;;
  esac
}

# The words before the current one that are no options are verbs at first: "image build".
_virt_qemu_find_verbs ()
{
  local word

  for word in "${words[@]:1:cword-1}"; do
    [[ $word == -* ]] || verbs+=("$word")
  done
  [[ ${verbs-} =~ ^(image|file|template)$ ]] && verbs=("${verbs[@]:0:2}") || verbs=("${verbs[@]:0:1}")
}

_virt_qemu ()
{
  # shellcheck disable=SC2034 # _init_completion sets them all
  local cur prev words cword split help options
  local verbs=() named=()
  # -s: an option's value may follow it after "="
  _init_completion -s || return

  _virt_qemu_find_verbs
  named=("${verbs[@]}")
  # These have one text of --help for all.
  [[ "${verbs[*]}" == file* || ( "${verbs[*]}" == template* && ${verbs[1]-} != build ) ]] && named=("${verbs[0]}")
  help=$(virt-qemu "${named[@]}" --help 2>/dev/null)
  options=$(_virt_qemu_read_options <<<"$help")
  [[ $help == *'MACHINE OPTION'* && "${named[*]}" != template ]] && options+=$'\n'$(_virt_qemu_machine_options)
  if _virt_qemu_option "$options"; then
    return
  elif [[ ${#verbs[@]} -eq 0 || "${verbs[*]}" =~ ^(image|file|template)$ ]]; then
    _virt_qemu_words "$(_virt_qemu_read_verbs <<<"$help")"
  else
    _virt_qemu_arguments "${verbs[*]}"
  fi
}

_virt_qemu_server ()
{
  # shellcheck disable=SC2034
  local cur prev words cword split
  _init_completion -s -n @ || return

  _virt_qemu_option "$(autopkgtest-virt-qemu-ng --help 2>/dev/null | _virt_qemu_read_options)" && return
  if [[ $cur == @* ]]; then
    # a file of arguments
    cur=${cur#@}
    _filedir
    COMPREPLY=("${COMPREPLY[@]/#/@}")
  else
    _virt_qemu_images
  fi
}

_virt_qemu_downburst ()
{
  # shellcheck disable=SC2034
  local cur prev words cword split help
  local verbs=()
  _init_completion -s || return

  help=$(downburst --help 2>/dev/null)
  _virt_qemu_option "$(_virt_qemu_read_options <<<"$help")" && return
  _virt_qemu_find_verbs
  [[ ${#verbs[@]} -gt 0 ]] || _virt_qemu_words "$(_virt_qemu_read_verbs <<<"$help")"
}

complete -F _virt_qemu_server autopkgtest-virt-qemu-ng
complete -F _virt_qemu virt-qemu
complete -F _virt_qemu_downburst downburst
