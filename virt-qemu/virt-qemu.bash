# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for virt-qemu; it is loaded by the bash-completion package.

# The keys that the verb itself lists, in the directory that the command line names.
_virt_qemu_template_keys ()
{
  local directory=()
  local i

  for ((i = 2; i < ${#words[@]}; i++)); do
    case ${words[i]} in
      --template-dir=*) directory=("${words[i]}") ;;
      --template-dir) directory=("--template-dir=${words[i + 1]-}") ;;
    esac
  done
  # A directory as it was typed: ~ is not expanded yet.
  "${words[0]}" template "${directory[@]/=\~\//=$HOME/}" list 2>/dev/null | sed -n '2,$s/ .*//p'
}

_virt_qemu_check ()
{
  case $prev in
    --template-dir)
      _filedir -d
      return
      ;;
    --format)
      mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur")
      return
      ;;
  esac
  $split && return

  if ((cword > 2)) && [[ ${words[2]} != -* ]]; then
    _virt_qemu_launch
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W '--format= --help --template-dir=' -- "$cur")
  [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  [[ $cur == -* ]] || _filedir
}

_virt_qemu_exec ()
{
  case $prev in
    --cwd | --env | --timeout)
      return
      ;;
    --user)
      mapfile -t COMPREPLY < <(compgen -u -- "$cur")
      return
      ;;
  esac
  $split && return

  if [[ $cur == -* && ! " ${words[*]:2:cword-2} " == *' -- '* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--cwd= --env= --help --timeout= --tty --user=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  fi
}

_virt_qemu_file ()
{
  case $prev in
    --uid | --gid | --mode)
      return
      ;;
  esac
  $split && return

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--gid= --help --mode= --parents --recursive --uid=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif ((cword == 2)); then
    mapfile -t COMPREPLY < <(compgen -W 'push pull' -- "$cur")
  else
    _filedir
  fi
}

_virt_qemu_run ()
{
  case $prev in
    --count | --time-wait | --timeout)
      return
      ;;
    --log-dir)
      _filedir -d
      return
      ;;
    --image)
      _filedir
      return
      ;;
  esac
  $split && return

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--count= --help --image= --log-dir= --time-wait= --timeout=
      --cpus= --disk-size= --ram-size= --slot= --network= --nic= --boot= --shared-dir= --template-script=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  else
    _filedir
  fi
}

_virt_qemu_shell ()
{
  if [[ $prev == --user ]]; then
    mapfile -t COMPREPLY < <(compgen -u -- "$cur")
  elif [[ $cur == -* ]] && ! $split; then
    mapfile -t COMPREPLY < <(compgen -W '--help --user=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif ((cword == 2)); then
    mapfile -t COMPREPLY < <(compgen -W "$("${words[0]}" list --format=names 2>/dev/null)" -- "$cur")
  fi
}

# The names of instances, and the options in $1.
_virt_qemu_names ()
{
  case $prev in
    --format)
      mapfile -t COMPREPLY < <(compgen -W 'table json names' -- "$cur")
      return
      ;;
    --for)
      mapfile -t COMPREPLY < <(compgen -W 'ready stopped' -- "$cur")
      return
      ;;
    --timeout | --lease | --owner-fd | --owner-pid)
      return
      ;;
  esac
  $split && return

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$1 --format= --help" -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ ${words[1]} != list && ${words[1]} != prune ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("${words[0]}" list --format=names 2>/dev/null)" -- "$cur")
  fi
}

_virt_qemu_list ()
{
  case $prev in
    --format)
      mapfile -t COMPREPLY < <(compgen -W 'table json names brief summary targets' -- "$cur")
      return
      ;;
    --locked)
      mapfile -t COMPREPLY < <(compgen -W 'true false' -- "$cur")
      return
      ;;
    --status)
      mapfile -t COMPREPLY < <(compgen -W 'up down' -- "$cur")
      return
      ;;
    -t | --targets | --json-query)
      _filedir
      return
      ;;
    --owner | --desc | --desc-pattern | --machine-type | --os-type | --os-version)
      return
      ;;
  esac
  $split && return

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--brief --desc= --desc-pattern= --format= --help --json-query= --list-targets --locked=
      --machine-type= --os-type= --os-version= --owner= --status= --summary --targets=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  else
    mapfile -t COMPREPLY < <(compgen -W "$("${words[0]}" list --format=names 2>/dev/null)" -- "$cur")
  fi
}

# The options in $1, and the names of instances unless the verb makes them.
_virt_qemu_lock ()
{
  case $prev in
    --format)
      mapfile -t COMPREPLY < <(compgen -W 'targets json names' -- "$cur")
      return
      ;;
    --status)
      mapfile -t COMPREPLY < <(compgen -W 'up down' -- "$cur")
      return
      ;;
    --os-type)
      mapfile -t COMPREPLY < <(compgen -W 'debian ubuntu' -- "$cur")
      return
      ;;
    -t | --targets | --image)
      _filedir
      return
      ;;
    --machine-type | --count | --os-version | --owner | --desc | --lease)
      return
      ;;
  esac
  $split && return

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$1 --desc= --format= --help --targets=" -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ ${words[1]} != lock ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("${words[0]}" list --format=names 2>/dev/null)" -- "$cur")
  fi
}

_virt_qemu_events ()
{
  case $prev in
    --format)
      mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur")
      ;;
    --until)
      mapfile -t COMPREPLY < <(compgen -W 'created started ready restarted reverted forked stopped deleted' -- "$cur")
      ;;
    --since) ;;
    *)
      _virt_qemu_names '--since= --until='
      ;;
  esac
}

_virt_qemu_launch ()
{
  if [[ $prev == --slot ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("${words[0]}" slots --format=names 2>/dev/null)" -- "$cur")
    return
  fi
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--ephemeral --format= --help --replace --ssh-host-key= --lease= --owner-fd= --owner-pid=
      --cpus= --disk= --disks= --clone-disks --disk-size= --ram-size= --slot= --network= --nic= --user= --password= --boot= --shared-dir= --template-script=
      --user-data= --meta-data= --network-config= --cloud-init-errors= --set= --cdrom-file=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  else
    _filedir
    # The systems that can be named in place of an image.
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$("${words[0]}" image list-os --format=names 2>/dev/null)" -- "$cur")
  fi
}

_virt_qemu_slots ()
{
  if [[ $prev == --format ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'table json names' -- "$cur")
  elif ! $split; then
    mapfile -t COMPREPLY < <(compgen -W '--format= --help' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  fi
}

_virt_qemu_template ()
{
  case $prev in
    --template-dir)
      _filedir -d
      return
      ;;
    --format)
      mapfile -t COMPREPLY < <(compgen -W 'table json names' -- "$cur")
      return
      ;;
    --template-max-age | --template-cache-size)
      return
      ;;
  esac
  $split && return

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '
      --debug --format= --help --template-cache-size= --template-dir= --template-max-age=
      --unused' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ " ${words[*]:2:cword-2} " == *' remove '* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_virt_qemu_template_keys)" -- "$cur")
  elif [[ ! " ${words[*]:2:cword-2} " =~ ' '(list|clean)' ' ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'build list remove clean' -- "$cur")
  fi
}

_virt_qemu_image ()
{
  case $prev in
    --format)
      if [[ ${words[2]} == list* ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'table json names' -- "$cur")
      else
        mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur")
      fi
      return
      ;;
    --image-format | --output-format | -f | -O)
      mapfile -t COMPREPLY < <(compgen -W 'qcow2 qed raw vdi vhdx vmdk vpc' -- "$cur")
      return
      ;;
    --allow-backing | --cache-dir)
      _filedir -d
      return
      ;;
    --boot)
      mapfile -t COMPREPLY < <(compgen -W 'efi bios ieee1275' -- "$cur")
      return
      ;;
    --fs)
      mapfile -t COMPREPLY < <(compgen -W 'ext4 btrfs' -- "$cur")
      return
      ;;
    --keyring | --script | --output | -o)
      _filedir
      return
      ;;
    --append | --components | --mirror | --packages | --proxy | --size)
      return
      ;;
    --sparse | -S | --max-size | --older | --sha256 | --sha512 | --timeout)
      return
      ;;
  esac
  $split && return

  if ((cword == 2)); then
    mapfile -t COMPREPLY < <(compgen -W 'build convert info list list-os prune pull remove update --help' -- "$cur")
  elif [[ ${words[2]} == list-os ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--all --format= --help' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ $cur == -* && ${words[2]} == build ]]; then
    mapfile -t COMPREPLY < <(compgen -W '
      --append= --boot= --components= --format= --fs= --help --keyring= --mirror= --no-deb-src --output=
      --packages= --proxy= --replace --script= --size=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ ${words[2]} == build ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("${words[0]}" image list-os --format=names 2>/dev/null)" -- "$cur")
  elif [[ $cur == -* && ${words[2]} == pull ]]; then
    mapfile -t COMPREPLY < <(compgen -W '
      --cache-dir= --format= --help --keyring= --max-size= --no-sums --sha256= --sha512= --sums --timeout=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ $cur == -* && ${words[2]} == prune ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--cache-dir= --help --max-size= --older=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ $cur == -* && ${words[2]} =~ ^(list|remove)$ ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--cache-dir= --format= --help' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ ${words[2]} == remove ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("${words[0]}" image list --format=names 2>/dev/null)" -- "$cur")
  elif [[ $cur == -* && ${words[2]} == update ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--autoremove --cpus= --format= --help --no-template --ram-size= --slot=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ ${words[2]} =~ ^(pull|update)$ ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("${words[0]}" image list-os --format=names 2>/dev/null)" -- "$cur")
  elif [[ ${words[2]} =~ ^(list|prune)$ ]]; then
    return
  elif [[ $cur == -* && ${words[2]} == convert ]]; then
    mapfile -t COMPREPLY < <(compgen -W '
      --allow-backing= --compress --format= --help --image-format= --output-format= --replace --sparse=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--allow-backing= --format= --help --image-format=' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  else
    _filedir
  fi
}

_virt_qemu ()
{
  # shellcheck disable=SC2034 # _init_completion sets them all
  local cur prev words cword split
  # -s: an option's value may follow it after "="
  _init_completion -s || return

  if ((cword == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '
      check console create delete events exec file fork image info launch list lock logs prune renew restart revert run screenshot shell slots ssh-config start stats stop template unlock update wait
      --help --version' -- "$cur")
  elif [[ ${words[1]} == check ]]; then
    _virt_qemu_check
  elif [[ ${words[1]} == events ]]; then
    _virt_qemu_events
  elif [[ ${words[1]} == exec ]]; then
    _virt_qemu_exec
  elif [[ ${words[1]} == file ]]; then
    _virt_qemu_file
  elif [[ ${words[1]} == image ]]; then
    _virt_qemu_image
  elif [[ ${words[1]} == run ]]; then
    _virt_qemu_run
  elif [[ ${words[1]} == shell ]]; then
    _virt_qemu_shell
  elif [[ ${words[1]} == slots ]]; then
    _virt_qemu_slots
  elif [[ ${words[1]} == template && ${words[2]} == build && $cword -gt 2 ]]; then
    _virt_qemu_launch
  elif [[ ${words[1]} == template ]]; then
    _virt_qemu_template
  elif [[ ${words[1]} == launch || ${words[1]} == create ]]; then
    _virt_qemu_launch
  elif [[ ${words[1]} == stop ]]; then
    _virt_qemu_names '--force --no-wait --timeout='
  elif [[ ${words[1]} == restart || ${words[1]} == revert ]]; then
    _virt_qemu_names '--no-wait'
  elif [[ ${words[1]} == fork ]]; then
    _virt_qemu_names '--ephemeral --lease= --no-wait --owner-fd= --owner-pid='
  elif [[ ${words[1]} == delete ]]; then
    _virt_qemu_names '--force'
  elif [[ ${words[1]} == wait ]]; then
    _virt_qemu_names '--for= --no-wait'
  elif [[ ${words[1]} == logs ]]; then
    _virt_qemu_names '--follow'
  elif [[ ${words[1]} == screenshot ]] && ((cword > 2)); then
    _filedir png
  elif [[ ${words[1]} == start ]]; then
    _virt_qemu_names '--lease= --owner-fd= --owner-pid='
  elif [[ ${words[1]} == list ]]; then
    _virt_qemu_list
  elif [[ ${words[1]} == lock ]]; then
    _virt_qemu_lock '--count= --image= --lease= --machine-type= --os-type= --os-version= --owner='
  elif [[ ${words[1]} == unlock ]]; then
    _virt_qemu_lock '--force --keep-going --owner='
  elif [[ ${words[1]} == update ]]; then
    _virt_qemu_lock '--keep-going --status='
  elif [[ ${words[1]} == renew ]]; then
    _virt_qemu_names '--lease= --targets='
  elif [[ ${words[1]} =~ ^(console|info|prune|screenshot|ssh-config|stats)$ ]]; then
    _virt_qemu_names ''
  fi
} && complete -F _virt_qemu virt-qemu
