// `sample` with weights and caches of every precision, and prompts that are not text.

import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct SamplePrecisionTests {
    @Test(
        arguments: ["float32", "bfloat16", "float16", "q8_0", "q4_0", "q4_1"],
        ["float32", "bfloat16"]
    )
    func everyPrecisionOfWeightsAndCacheGenerates(weights: String, cache: String) throws {
        try withModel { model, tokenizer in
            func tokens(_ options: [String]) throws -> [Int]? {
                try swiftlet(
                    [
                        "sample", "--model", model, "--tokenizer", tokenizer, "--prompt", "To be",
                        "--max-tokens", "20", "--ignore-eos", "--seed", "3", "--json",
                    ] + options
                )
                .object()["tokens"] as? [Int]
            }
            let options = ["--precision", weights, "--cache-precision", cache]
            let found = try #require(try tokens(options))
            #expect(found.count == 20)
            #expect(try tokens(options + ["--threads", "1"]) == found)
            if weights == "float32" && cache == "float32" { #expect(try tokens([]) == found) }
        }
    }

    @Test func promptsNeedNotBeUTF8() throws {
        try withTemporaryDirectory { directory in
            let model = try writeModel(to: directory.appending("model.bin"))
            let tokenizer = try writeTokenizer(to: directory.appending("bytes.bin"))
            let prompt = try writeBytes([0xff, 0x00, 0xc3, 0x28], to: directory.appending("bytes"))
            let object = try swiftlet([
                "sample", "--model", model.string, "--tokenizer", tokenizer.string, "--prompt-file",
                prompt.string, "--max-tokens", "3", "--ignore-eos", "--json",
            ])
            .object()
            #expect(object["prompt_tokens"] as? Int == 4)
            #expect(object["generated_tokens"] as? Int == 3)
        }
    }
}
