# Random tokens that can only be predicted by looking back: the data of scripts/induction.
#
#   awk -v sequences=1000 -v size=32 -v seed=1 -v runs=0.35 -f scripts/induction_tokens.awk
#
# Prints sequences of `size` tokens, each as the two bytes that a shard has, which tr must
# translate: "!" to "z" are tokens 0 to 89, and "~" is a zero byte.
#
# Most sequences are random tokens that are repeated from an offset on, with a period of 5 to half
# the size. Offset, period and tokens are drawn for each sequence, so that neither a position nor a
# token determines what comes next: only the token that followed the current one before does.
#
# The share `runs` are of a few tokens each, which are sometimes repeated in place; a token that
# came twice mostly continues. They teach heads to compare a token with the one before it, the
# shortest possible period. Without them a model finds another way: it compares tokens that are as
# far apart as the shortest period it sees.
BEGIN {
    vocabulary = 90
    for (i = 0; i < vocabulary; i++) character[i] = sprintf("%c~", 33 + i)
    while (sequences-- > 0) {
        if (uniform() < runs) make_runs()
        else repeat()
        line = ""
        for (t = 0; t < size; t++) line = line character[token[t]]
        printf "%s", line
    }
}

# Park and Miller's generator, whose products are exact in awk's doubles.
function uniform() {
    seed = seed * 16807 % 2147483647
    return seed / 2147483647
}

# A number from 0 to n - 1.
function below(n) { return int(uniform() * n) }

function repeat(    period, offset, t) {
    period = 5 + below(size / 2 - 4)
    offset = below(period)
    for (t = 0; t < size; t++)
        token[t] = t < offset + period ? below(vocabulary) : token[t - period]
}

function make_runs(    count, i, t, chance) {
    count = 3 + below(6)
    for (i = 0; i < count; i++) drawn[i] = below(vocabulary)
    for (t = 0; t < size; t++) {
        chance = t > 1 && token[t - 1] == token[t - 2] ? 0.85 : 0.25
        token[t] = t > 0 && uniform() < chance ? token[t - 1] : drawn[below(count)]
    }
}
