# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for virt-qemu-templates; it is loaded by the bash-completion package.

# The keys that the command itself lists, in the directory that the command line names.
_virt_qemu_templates_keys ()
{
  local directory=()
  local i

  for ((i = 1; i < ${#words[@]}; i++)); do
    case ${words[i]} in
      --template-dir=*) directory=("${words[i]}") ;;
      --template-dir) directory=("--template-dir=${words[i + 1]-}") ;;
    esac
  done
  # A directory as it was typed: ~ is not expanded yet.
  "${words[0]}" "${directory[@]/=\~\//=$HOME/}" list 2>/dev/null | sed -n '2,$s/ .*//p'
}

_virt_qemu_templates ()
{
  # shellcheck disable=SC2034 # _init_completion sets them all
  local cur prev words cword split
  # -s: an option's value may follow it after "="
  _init_completion -s || return

  case $prev in
    --template-dir)
      _filedir -d
      return
      ;;
    --template-max-age | --template-cache-size)
      return
      ;;
  esac
  $split && return

  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '
      --debug --help --template-cache-size= --template-dir= --template-max-age= --unused
      --version' -- "$cur")
    [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
  elif [[ " ${words[*]:1:cword-1} " == *' remove '* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_virt_qemu_templates_keys)" -- "$cur")
  elif [[ ! " ${words[*]:1:cword-1} " =~ ' '(list|clean)' ' ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'list remove clean' -- "$cur")
  fi
} && complete -F _virt_qemu_templates virt-qemu-templates
