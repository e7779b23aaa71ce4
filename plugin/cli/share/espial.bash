# espial.bash - completion for bash.  SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
_espial() {
    local word=$2 before=$3
    case $before in
    -s | --min-severity)
        mapfile -t COMPREPLY < <(compgen -W 'chat note warning error' -- "$word")
        return ;;
    -t | --title | -a | --author | -d | --date) return ;;
    -o | --option)
        mapfile -t COMPREPLY < <(compgen -W 'espial.keylog_file: espial.plan_file: espial.log_file:
            espial.replay_window: espial.delete_grace: espial.verify_icv:' -- "$word")
        return ;;
    esac
    if [[ $word == -* && $before != -[kplw] ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--findings --min-severity --json --html --title --author
            --date --keys --plan --log --points --state --save-state --option --dissect --version --help' -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _espial espial
