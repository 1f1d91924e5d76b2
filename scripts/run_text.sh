#!/usr/bin/env bash
# A small GPT-2 from any text of yours: trains a tokenizer, writes shards, then trains the model.
#
#   scripts/run_text.sh my_text.txt [DIRECTORY]     default: checkpoints/text
#
# A file, or a directory of .txt, .md and .jsonl files; a megabyte or more is a good start. If
# stopped, it resumes when it is run again. VOCABULARY, STEPS and INIT in the environment change the
# recipe.
set -euo pipefail
if (($# < 1 || $# > 2)) || [[ -z $1 || $1 == -* ]]; then
    echo "usage: scripts/run_text.sh my_text.txt [DIRECTORY]" >&2
    exit 64
fi
input=$1
repository=$(cd "$(dirname "$0")/.." && pwd)
output=${2:-$repository/checkpoints/text}
mkdir -p "$output"

swift build -c release --product swiftlet --package-path "$repository" >&2
swiftlet=$(swift build -c release --show-bin-path --package-path "$repository")/swiftlet

"$swiftlet" tokenizer train "$input" --vocabulary-size "${VOCABULARY:-2048}" \
    --output "$output/tokenizer.bin" --overwrite
"$swiftlet" train --init "${INIT:-layers=6,heads=6,channels=192,context=256}" --text "$input" \
    --tokenizer "$output/tokenizer.bin" --batch-size 8 \
    --steps "${STEPS:-3000}" --learning-rate 1e-3 --warmup-steps 100 \
    --final-learning-rate-fraction 0.1 --sample-every 500 --output "$output/run"
"$swiftlet" sample --model "$output/run"
