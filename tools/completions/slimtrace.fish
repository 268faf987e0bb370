# SPDX-License-Identifier: BSD-2-Clause
# Completion for fish. Commands, options and their values are asked of the program itself.

# OPTION [COMMAND]: the name of its value and what that means; nothing when it takes none.
function __slimtrace_value
    test "$argv[1]" = -o; and echo FILE
    string match -qr '^--[a-z-]+$' -- $argv[1]; or return
    slimtrace $argv[2..-1] --help 2>/dev/null | string replace -rf "^  $argv[1] (\S.*)" '$1'
end

function __slimtrace_command
    set -l value
    for word in (commandline -opc)[2..-1]
        if test -n "$value"
            set value
        else if string match -qr '^[a-z]' -- $word
            echo $word
            return 0
        else
            set value (__slimtrace_value $word)
        end
    end
    return 1
end

function __slimtrace_images
    docker image ls --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | string match -v '*<none>*'
end

# VALUE WORD
function __slimtrace_complete_value
    switch (string split -f 1 ' ' -- $argv[1])
        case '*FILE*' DIR
            __fish_complete_path $argv[2]
        case IMAGE
            __slimtrace_images
        case '*'
            string match -r '[a-z-]+(?: ?\| ?[a-z-]+)+' -- $argv[1] | string split '|' | string trim
    end
end

function __slimtrace_complete
    set -l command (__slimtrace_command)
    set -l word (commandline -ct)
    set -l option (commandline -opc)[-1]
    set -l start
    if string match -q -- '--*=*' $word
        set start (string replace -r '=.*' = -- $word)
        set option (string trim -rc = -- $start)
        set word (string replace -r '^[^=]*=' '' -- $word)
    end
    set -l value (__slimtrace_value $option $command)
    if test -n "$value"
        string replace -r '^' -- "$start" (__slimtrace_complete_value "$value" "$word")
    else if string match -q -- '-*' $word
        slimtrace $command --help 2>/dev/null | string match -rg '^  (--?[a-z][a-z-]*)'
    else if test -z "$command"
        slimtrace --help 2>/dev/null | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {c = $1; sub(/^ +[^ ]+ +/, ""); print c "\t" $0}'
    else
        contains $command merge trace clean version; or __slimtrace_images
        contains $command merge push diff info; and __fish_complete_path $word # records, and images in files
    end
end

complete -c slimtrace -f -a '(__slimtrace_complete)'
