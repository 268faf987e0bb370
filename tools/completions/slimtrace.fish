# SPDX-License-Identifier: BSD-2-Clause
# Completion for fish. Commands and options are asked of the program itself.

function __slimtrace_command
    for word in (commandline -opc)[2..-1]
        if string match -qr '^[a-z]' -- $word
            echo $word
            return 0
        end
    end
    return 1
end

function __slimtrace_options
    slimtrace (__slimtrace_command) --help 2>/dev/null | string match -rg '^  (--?[a-z][a-z-]*)'
end

function __slimtrace_commands
    slimtrace --help 2>/dev/null | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {c = $1; sub(/^ +[^ ]+ +/, ""); print c "\t" $0}'
end

function __slimtrace_images
    docker image ls --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | string match -v '*<none>*'
end

complete -c slimtrace -n 'not __slimtrace_command' -f -a '(__slimtrace_commands)'
complete -c slimtrace -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__slimtrace_options)'
complete -c slimtrace -n '__slimtrace_command; and test (__slimtrace_command) != merge' -f -a '(__slimtrace_images)'
