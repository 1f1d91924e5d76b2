#!/usr/bin/env bash
# A small Llama that writes stories, in files that llama2.c's run.c runs.
#
#   scripts/run_stories.sh [TEXT [DIRECTORY]]
#                           default: our own stories, checkpoints/stories_llama
#
# TEXT is a file or a directory of .txt files with <|endoftext|> between the stories, such as
# TinyStories' TinyStoriesV2-GPT4-train.txt; without one, or with -, `swiftlet stories` tells 8 MB.
# SHAPE=260K, the default, is that of llama2.c's stories260K, and takes minutes; SHAPE=15M is that
# of stories15M, most of whose parameters are for its 32,000 pieces, and takes hours. Here there are
# 2,048, and 6.6 million parameters. If stopped, it resumes when it is run again, with the pieces
# and tokens in DIRECTORY, so use a new DIRECTORY for another text or vocabulary. TOKENIZER in the
# environment names a vocabulary of SentencePiece's or llama2.c's, as tok512.bin or Llama 2's
# tokenizer.model; otherwise scripts/learn_pieces, which needs Python 3, learns one of VOCABULARY
# pieces from the text. STEPS changes the recipe too.
set -euo pipefail
if (($# > 2)) || [[ ${1:-} == -?* ]]; then
    echo "usage: scripts/run_stories.sh [TEXT [DIRECTORY]]" >&2
    exit 64
fi
text=${1:--}
repository=$(cd "$(dirname "$0")/.." && pwd)
output=${2:-$repository/checkpoints/stories_llama}
case ${SHAPE:-260K} in
260K)
    shape=layers=5,heads=8,kv-heads=4,channels=64,hidden=172,context=512
    vocabulary=${VOCABULARY:-512} batch=8 tokens=4096 steps=${STEPS:-3000} rate=2e-3
    ;;
15M)
    shape=layers=6,heads=6,kv-heads=6,channels=288,hidden=768,context=256
    vocabulary=${VOCABULARY:-2048} batch=8 tokens=8192 steps=${STEPS:-10000} rate=1e-3
    ;;
*)
    echo "scripts/run_stories.sh: SHAPE is '$SHAPE'; it must be 260K or 15M" >&2
    exit 64
    ;;
esac
[[ $steps =~ ^[0-9]{1,9}$ ]] || {
    echo "scripts/run_stories.sh: STEPS is '$steps'; it must be a whole number" >&2
    exit 64
}
steps=$((10#$steps))
for path in "$text" "${TOKENIZER:--}"; do
    [[ $path == - || -r $path ]] || {
        echo "scripts/run_stories.sh: cannot read '$path'; check the path" >&2
        exit 66
    }
done
mkdir -p "$output"

swift build -c release --product swiftlet --package-path "$repository" >&2
swiftlet=$(swift build -c release --show-bin-path --package-path "$repository")/swiftlet

if [[ $text == - ]]; then
    text=$output/stories.txt
    [[ -e $text ]] || "$swiftlet" stories --bytes 8000000 --seed 1 --output "$text"
fi
if [[ -n ${TOKENIZER:-} ]]; then
    tokenizer=$TOKENIZER
else
    tokenizer=$output/pieces.bin
    [[ -e $tokenizer ]] ||
        "$repository/scripts/learn_pieces" "$text" --pieces "$vocabulary" --output "$tokenizer"
fi
[[ -e $output/data/stories_manifest.json ]] ||
    "$swiftlet" prepare "$text" --split marker --tokenizer "$tokenizer" \
        --validation-tokens 50000 --output "$output/data" --name stories --overwrite

"$swiftlet" train --init "llama2:$shape" \
    --train-data "$output/data/stories_train*.bin" --val-data "$output/data/stories_val.bin" \
    --tokenizer "$tokenizer" --batch-size "$batch" --total-batch-tokens "$tokens" \
    --steps "$steps" --learning-rate "$rate" --warmup-steps $((steps / 20)) \
    --val-every 500 --sample-every 1000 --sample-tokens 60 --sample-prompt 'One day,' \
    --output "$output/run"
"$swiftlet" sample --model "$output/run" --prompt 'One rainy day,' --temperature 0.7 --seed 1

# The run's checkpoint, and next to it the vocabulary in llama2.c's format.
model=$output/llama2c/model.bin
mkdir -p "$output/llama2c"
"$swiftlet" convert "$output/run" "$model" --to llama2c --overwrite
cat >&2 <<NEXT

What to type next:
  another story  $(printf %q "$swiftlet") sample --model $(printf %q "$output/run")
  with llama2.c  ./run $(printf '%q -z %q' "$model" "$output/llama2c/tokenizer.bin") -i 'One day,'
NEXT
