# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for autopkgtest-virt-qemu-ng, virt-qemu and downburst. Verbs and options are those that --help
# lists; only the values of options are here.

# Reads a text of --help and prints OPTION<tab>DESCRIPTION. One that takes a value ends in "=".
function __virt_qemu_read_options
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
                    print words[i] "\t" $0
            }
        }' | sort -u
end

# The options of the server that describe a machine, which some verbs of virt-qemu take, too.
function __virt_qemu_machine_options
    autopkgtest-virt-qemu-ng --help 2>/dev/null | sed '/^Machines that are there/,$d' | __virt_qemu_read_options
end

# The systems that can be named in place of an image.
function __virt_qemu_systems
    virt-qemu image list-os --format=names 2>/dev/null
end

function __virt_qemu_instances
    virt-qemu list --format=names 2>/dev/null
end

# __virt_qemu_values OPTION BEGIN: what the value of an option can be.
function __virt_qemu_values
    switch $argv[1]
        case --accel
            printf '%s\n' auto kvm tcg
        case --boot
            printf '%s\n' auto bios efi ieee1275 none
        case --channel
            printf '%s\n' auto helper ssh
        case --cloud-init-errors
            printf '%s\n' fail warn
        case --display
            printf '%s\n' auto none VGA bochs-display virtio-gpu-pci virtio-vga
        case --dpkg-architecture
            printf '%s\n' amd64 i386 arm64 armhf ppc64el s390x riscv64 loong64 mips64el powerpc ppc64 sparc64
        case --guest-agent
            printf '%s\n' auto require install off
        case --network
            printf '%s\n' user restricted
        case --nic
            printf '%s\n' user bridge,br=
        case --qemu-architecture
            printf '%s\n' x86_64 i386 aarch64 arm ppc64le s390x riscv64 loongarch64 mips64el ppc ppc64 sparc64
        case --sandbox --spare
            printf '%s\n' auto on off
        case --template
            printf '%s\n' auto off refresh
        case --instance
            __virt_qemu_instances
        case --slot
            virt-qemu slots --format=names 2>/dev/null
        case --hypervisor
            printf '%s\n' kvm qemu
        case --fs
            printf '%s\n' ext4 btrfs
        case --image-format --output-format
            printf '%s\n' qcow2 qed raw vdi vhdx vmdk vpc
        case --format
            printf '%s\n' text table json names
        case --for
            printf '%s\n' ready stopped
        case --until
            printf '%s\n' created started ready restarted reverted forked stopped deleted
        case --locked
            printf '%s\n' true false
        case --status
            printf '%s\n' up down
        case --os-type
            printf '%s\n' debian ubuntu
        case --user
            __fish_complete_users
        case '--*-dir' --allow-backing
            __fish_complete_directories $argv[2]
        case --image --keyring --json-query --logfile --meta-data --network-config --output --script --ssh-host-key \
            --ssh-key --stats-file --targets --template-script --user-data
            __fish_complete_path $argv[2]
    end
end

# __virt_qemu_complete_option OPTION<tab>DESCRIPTION...: completes the current word if it is an option or its value.
function __virt_qemu_complete_option
    set -l word (commandline -ct)
    set -l before (commandline -opc)[-1]
    if string match -qr '^--[a-z0-9-]+=' -- $word
        set -l parts (string split -m 1 = -- $word)
        __virt_qemu_values $parts | string replace -r '^' -- "$parts[1]="
    else if string match -qr '^--' -- $before; and string match -q -- "$before=*" $argv
        __virt_qemu_values $before $word
    else if string match -q -- '-*' $word
        printf '%s\n' $argv
    else
        return 1
    end
end

function __virt_qemu_complete_server
    __virt_qemu_complete_option (autopkgtest-virt-qemu-ng --help 2>/dev/null | __virt_qemu_read_options)
    or begin
        __virt_qemu_systems
        __fish_complete_path (commandline -ct)
    end
end

complete -c autopkgtest-virt-qemu-ng -f -a '(__virt_qemu_complete_server)'
# __virt_qemu_verbs VERB...: what --help lists as verbs, or as verbs of a verb: VERB<tab>DESCRIPTION.
function __virt_qemu_verbs
    virt-qemu $argv --help 2>/dev/null |
        sed -nE 's/^  ([a-z][a-z-]*)( [A-Z.]+| --[a-z]+)* +(.*)/\1\t\3/p' | sort -u -k 1,1
end

# __virt_qemu_verb_options VERB...: the options of a verb.
function __virt_qemu_verb_options
    set -l help (virt-qemu $argv --help 2>/dev/null)
    printf '%s\n' $help | __virt_qemu_read_options
    if string match -q '*MACHINE OPTION*' "$help"; and not test "$argv" = template
        __virt_qemu_machine_options
    end
end

# __virt_qemu_arguments VERB [VERB]: what can follow that is no option.
function __virt_qemu_arguments
    switch "$argv"
        case 'image build' 'image pull' 'image update'
            __virt_qemu_systems
        case 'image remove'
            virt-qemu image list --format=names 2>/dev/null
        case 'template remove'
            virt-qemu template list --format=names 2>/dev/null
        case 'image convert' 'image info'
            __fish_complete_path (commandline -ct)
        case launch create check 'template build' run
            __virt_qemu_systems
            __fish_complete_path (commandline -ct)
        case 'file *'
            __virt_qemu_instances | string replace -r '$' /
            __fish_complete_path (commandline -ct)
        case 'image *' 'template *' slots prune lock
        case '*'
            __virt_qemu_instances
    end
end

function __virt_qemu_complete
    set -l words (string match -rv -- '^-' (commandline -opc))
    set -l verbs $words[2]
    if contains -- "$verbs" image file template
        set verbs $words[2..3]
    end
    set -l with_help $verbs
    # These have one text of --help for all.
    if contains -- "$verbs[1]" file; or begin
            test "$verbs[1]" = template; and test "$verbs[2]" != build
        end
        set with_help $verbs[1]
    end
    if __virt_qemu_complete_option (__virt_qemu_verb_options $with_help)
        return
    else if test (count $words) -eq 1
        __virt_qemu_verbs
    else if test (count $words) -eq 2; and contains -- $verbs image file template
        __virt_qemu_verbs $verbs
    else
        __virt_qemu_arguments $verbs
    end
end

complete -c virt-qemu -f -a '(__virt_qemu_complete)'
function __virt_qemu_complete_downburst
    set -l help (downburst --help 2>/dev/null)
    __virt_qemu_complete_option (printf '%s\n' $help | __virt_qemu_read_options)
    or test (count (string match -rv -- '^-' (commandline -opc))) -gt 1
    or printf '%s\n' $help | sed -nE 's/^  ([a-z][a-z-]*)( \[?NAME\]?[.]*)? +(.*)/\1\t\3/p'
end

complete -c downburst -f -a '(__virt_qemu_complete_downburst)'
