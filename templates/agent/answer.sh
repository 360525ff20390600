# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# fact KEY VALUE, raw_fact KEY JSON: one thing that the result tells.
fact() { facts="${facts}s$tab$1$tab$(clean "$2")$newline"; }
raw_fact() { facts="${facts}r$tab$1$tab$2$newline"; }

# item LIST KEY VALUE...: one object of a list of the result.
item() {
    facts="${facts}o$tab$1"
    shift
    for word in "$@"; do facts="$facts$tab$(clean "$word")"; done
    facts=$facts$newline
}

# word_line TEXT: a line that is told in words alone.
word_line() { facts="${facts}w$tab$(clean "$1")$newline"; }

# text_fact KEY TEXT: several lines, as one text.
text_fact() {
    facts=$facts$(printf '%s\n' "$2" | tr '\000-\011\013-\037\177' '?' | sed "s/^/t$tab$1$tab/")$newline
}

# answer: print the result, as JSON or in words.
answer() {
    if [ "$as_json" = yes ]; then
        answer_json
    else
        answer_text
    fi
}

answer_json() {
    {
        printf '%s' "$facts"
        printf '%s' "$steps" | sed "s/^/p$tab/"
        printf '%s' "$findings" | sed "s/^/f$tab/"
    } | awk -F '\t' '
    # quoted TEXT: a JSON string. What is not UTF-8 becomes the sign for that.
    function quoted(text,   out, i, c, n) {
        # Plain words need no second look; awks differ in what a backslash means within brackets.
        if (text ~ /^[A-Za-z0-9 ._:,=()-]*$/) return "\"" text "\""
        out = ""
        for (i = 1; i <= length(text); i += n) {
            c = substr(text, i, 1)
            n = 1
            if (c == "\"" || c == "\\") out = out "\\" c
            else if (code[c] < 32 || code[c] == 127) out = out sprintf("\\u%04x", code[c])
            else if (code[c] < 128) out = out c
            else {
                n = width(text, i)
                if (n) out = out substr(text, i, n)
                else { out = out "\\ufffd"; n = 1 }
            }
        }
        return "\"" out "\""
    }
    # width TEXT I: the bytes of the character at I, 0 where there is none (RFC 3629).
    function width(text, i,   lead, low, high, n, j, b) {
        lead = code[substr(text, i, 1)]
        low = 128
        high = 191
        if (lead >= 194 && lead <= 223) n = 2
        else if (lead >= 224 && lead <= 239) n = 3
        else if (lead >= 240 && lead <= 244) n = 4
        else return 0
        if (lead == 224) low = 160
        if (lead == 237) high = 159
        if (lead == 240) low = 144
        if (lead == 244) high = 143
        for (j = 1; j < n; j++) {
            b = substr(text, i + j, 1)
            if (b == "" || code[b] < low || code[b] > high) return 0
            low = 128
            high = 191
        }
        return n
    }
    # quoted_lines NAME: a JSON string of the lines of a text.
    function quoted_lines(name,   out, i, line) {
        out = ""
        for (i = 1; i <= count[name]; i++) {
            line = quoted(lines[name, i])
            out = out substr(line, 2, length(line) - 2) "\\n"
        }
        return "\"" out "\""
    }
    BEGIN { for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i }
    $1 == "s" { out = out ", " quoted($2) ": " quoted($3) }
    $1 == "t" { if (!($2 in count)) texts[++n_texts] = $2; lines[$2, ++count[$2]] = $3 }
    $1 == "o" {
        if (!($2 in list)) lists[++n_lists] = $2
        object = ""
        for (i = 3; i < NF; i += 2) {
            value = $i == "size" && $(i + 1) ~ /^[0-9]+$/ ? $(i + 1) : quoted($(i + 1))
            object = object (i > 3 ? ", " : "") quoted($i) ": " value
        }
        list[$2] = list[$2] (list[$2] == "" ? "" : ", ") "{" object "}"
    }
    $1 == "r" { out = out ", " quoted($2) ": " $3 }
    $1 == "p" { steps = steps (steps == "" ? "" : ", ") quoted($2) }
    $1 == "f" {
        found = found (found == "" ? "" : ", ") "{\"id\": " quoted($2) ", \"severity\": " quoted($3)
        found = found ", \"message\": " quoted($4) ", \"hint\": " quoted($5) "}"
    }
    END {
        for (k = 1; k <= n_lists; k++) out = out ", " quoted(lists[k]) ": [" list[lists[k]] "]"
        for (k = 1; k <= n_texts; k++) out = out ", " quoted(texts[k]) ": " quoted_lines(texts[k])
        print "{\"schema\": 1" out ", \"steps\": [" steps "], \"findings\": [" found "]}"
    }
    '
}

answer_text() {
    printf '%s' "$findings" | awk -F '\t' '{
        printf "%-8s %s [%s]\n", $2 ":", $3, $1
        if ($4 != "") printf "%-8s hint: %s\n", "", $4
    }'
    printf '%s' "$steps" | sed 's/^/- /'
    printf '%s\n' "$summary"
    printf '%s' "$facts" | sed -n "s/^w$tab//p; s/^t${tab}text$tab//p"
}
