#!/usr/bin/env bash
# Teaches a model to answer questions about the folk of our stories, and counts its right answers to
# 50 questions of that kind, before and after.
#
#   scripts/run_questions.sh [MODEL [DIRECTORY]]
#                           default: checkpoints/quickstart/run, checkpoints/questions
#
# MODEL is one that `swiftlet train` can start from; the one from scripts/quickstart learns the
# answers in half a minute on two cores. Running it again starts over. STEPS and RATE in the
# environment change the recipe.
set -euo pipefail
if (($# > 2)) || [[ ${1:-} == -* ]]; then
    echo "usage: scripts/run_questions.sh [MODEL [DIRECTORY]]" >&2
    exit 64
fi
repository=$(cd "$(dirname "$0")/.." && pwd)
model=${1:-$repository/checkpoints/quickstart/run}
output=${2:-$repository/checkpoints/questions}
[[ -e $model ]] || {
    echo "scripts/run_questions.sh: '$model' does not exist; scripts/quickstart makes a model" >&2
    exit 66
}

swift build -c release --product swiftlet --package-path "$repository" >&2
SWIFTLET=$(swift build -c release --show-bin-path --package-path "$repository")/swiftlet
export SWIFTLET

echo 'before:'
# The chat template does not matter to a model that knows none.
"$repository/scripts/check_answers" --model "$model" --template plain
"$SWIFTLET" train --init "$model" --chat "$repository/data/questions/train.jsonl" \
    --template plain --batch-size 4 --sequence-length 256 --steps "${STEPS:-400}" \
    --learning-rate "${RATE:-3e-3}" --warmup-steps 20 --final-learning-rate-fraction 0.1 \
    --checkpoint-every 400 --output "$output" --overwrite
echo 'after:'
"$repository/scripts/check_answers" --model "$output"

cat >&2 <<NEXT

What to type next: $(printf %q "$SWIFTLET") chat --model $(printf %q "$output")
NEXT
