# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# The manifest has one profile and one file on each line, made to be read without a JSON parser.

# manifest_line KEY: print "path<tab>text" for every value of the line that begins with the key.
manifest_line() {
    awk -v key="$1" '
    function blank() { while (substr(line, at, 1) == " ") at++ }
    function text(   out, n, c) {
        at++
        for (out = ""; ; ) {
            n = match(substr(line, at), /["\\]/)
            if (!n) { at = length(line) + 1; return out }
            out = out substr(line, at, n - 1)
            at += n - 1
            c = substr(line, at, 1)
            if (c == "\"") { at++; return out }
            c = substr(line, at + 1, 1)
            at += 2
            if (c == "u") { at += 4; out = out "?" }
            else out = out (c == "\"" || c == "\\" || c == "/" ? c : "?")
        }
    }
    function value(path,   c, name) {
        blank()
        c = substr(line, at, 1)
        if (c == "\"") print path "\t" text()
        else if (c == "{" || c == "[") {
            for (at++; at <= length(line); ) {
                blank()
                name = substr(line, at, 1)
                if (name == "}" || name == "]") { at++; return }
                if (name == ",") { at++; continue }
                if (c == "[") { value(path); continue }
                if (name != "\"") { at = length(line) + 1; return }
                name = text()
                blank()
                at++
                value(path == "" ? name : path "." name)
            }
        } else if (match(substr(line, at), /^[^],} ]+/)) {
            print path "\t" substr(line, at, RLENGTH)
            at += RLENGTH
        } else at = length(line) + 1
    }
    BEGIN { start = "\"" key "\": " }
    {
        line = $0
        sub(/^ +/, "", line)
        if (index(line, start) == 1) { line = substr(line, length(start) + 1); at = 1; value(""); exit }
    }
    ' "$manifest"
}

# manifest_profiles: print the names of the drive's profiles.
manifest_profiles() {
    awk '
    /^ "profiles": \{/ { inside = 1; next }
    /^ \}/ { inside = 0 }
    inside && match($0, /^  "[a-z0-9-]+": \{/) { print substr($0, 4, RLENGTH - 7) }
    ' "$manifest"
}

# find_value TEXT KEY: print the values of a key among lines of "key<tab>value".
find_value() {
    printf '%s\n' "$1" | awk -F '\t' -v key="$2" '$1 == key { print substr($0, length(key) + 2) }'
}

# read_profile: set what the manifest says of the chosen profile.
read_profile() {
    record=$(manifest_line "$profile")
    release=$(find_value "$record" release)
    handler=$(find_value "$record" handler)
    arch=$(find_value "$record" arch)
    digest=$(find_value "$record" digest)
    title=$(find_value "$record" title)
    find_by=$(find_value "$record" find_by)
    directory=$(find_value "$record" directory)
    iso=$(find_value "$record" iso)
    files=$(find_value "$record" files)
    keep=$(find_value "$record" keep | tr '\n' ',' | tr -c 'a-z_,' '?')
    keep=${keep%,}
    home=$root${drive%/}/kickbuild/$profile
    kernel_file=$root${drive%/}$directory/vmlinuz
    initrd_file=$root${drive%/}$directory/initrd.img
}

# choose_profile: set profile to the one that is meant, or fail.
choose_profile() {
    known=$(manifest_profiles)
    if [ -z "$profile" ]; then
        # shellcheck disable=SC2086 # names of profiles are words
        set -- $known
        if [ $# -eq 0 ]; then
            finding profile.none error "the drive holds no profile: nothing can be rebuilt from it" \
                "prepare the drive"
            return 1
        fi
        if [ $# -gt 1 ]; then
            finding profile.several error "the drive holds $# profiles: $*" "say which with --profile"
            return 1
        fi
        profile=$1
    fi
    case "$newline$known$newline" in
    *"$newline$profile$newline"*) return 0 ;;
    esac
    finding profile.unknown error "the drive holds no profile $profile" \
        "it holds: $(printf '%s' "$known" | tr '\n' ' ')"
    return 1
}

# check_files: every file of the profile is on the drive as the manifest says.
check_files() {
    old_ifs=$IFS
    IFS=$newline
    set -f
    for path in $files; do
        IFS=$old_ifs
        check_file "$path"
    done
    set +f
    IFS=$old_ifs
}

check_file() {
    file=$root${drive%/}$1
    row=$(manifest_line "$1")
    size=$(find_value "$row" size)
    again="prepare the drive again, or another one"
    if [ ! -f "$file" ]; then
        finding file.missing error "$1 is not on the drive" "$again"
    elif [ ! -r "$file" ]; then
        finding file.unreadable error "$1 on the drive may not be read" "run the agent as root"
    elif [ "$(size_of "$file")" != "${size:-none}" ]; then
        finding file.size error "$1 has $(size_of "$file") bytes instead of ${size:-what the manifest does not say}" \
            "$again"
    elif [ "$1" = "$iso" ] && [ "$is_full" = no ]; then
        finding file.iso-not-read info "$1 was checked by its size alone" "--full reads all of it"
    elif [ "$(sum_of "$file")" != "$(find_value "$row" sha256)" ]; then
        finding file.changed error "$1 is not what the manifest says: its sha256 differs" "$again"
    fi
}
