// `inspect weights`: which tensor a name means, what is said about it, and what is refused.

import FileIO
import Foundation
import LanguageModels
import TestSupport
import Testing

/// What the command prints as JSON.
private func inspect(_ model: String, _ tensor: String, _ more: String...) throws -> [String: Any] {
    let arguments = ["inspect", "weights", "--model", model, "--tensor", tensor, "--json"]
    let outcome = try swiftlet(arguments + more)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors == "")
    return try outcome.object()
}

private func isClose(_ found: Any?, _ expected: Double, within tolerance: Double = 1e-9) -> Bool {
    (found as? Double).map { abs($0 - expected) <= tolerance } ?? false
}

@Suite(.serialized) struct InspectWeightsTests {
    @Test func aTensorIsDescribed() throws {
        try withModel { model, _ in
            let object = try inspect(model, "wpe")
            let keys: Set = [
                "name", "shape", "dtype", "mean", "std", "minimum", "maximum", "non_finite",
                "singular_values",
            ]
            #expect(Set(object.keys) == keys)
            #expect(object["name"] as? String == "wpe")
            #expect(object["shape"] as? [Int] == [32, 16])
            #expect(object["dtype"] as? String == "float32")
            #expect(object["non_finite"] as? Int == 0)
            let values = try #require(object["singular_values"] as? [Double])
            #expect(values.count == 16 && values == values.sorted(by: >))
            // The squares of all numbers, either way.
            let (mean, std) = (object["mean"] as? Double ?? 0, object["std"] as? Double ?? 0)
            let square = values.reduce(0) { $0 + $1 * $1 }
            #expect(abs(square - 512 * (mean * mean + std * std)) < 1e-9 * square)

            let text = try swiftlet("inspect", "weights", "--model", model, "--tensor", "wpe")
            #expect(text.status == 0 && text.errors == "")
            #expect(text.output.hasPrefix("  tensor           wpe\n  shape            32 x 16\n"))
            #expect(text.output.contains(#/ {2}singular values {2}16, from [\d.]+ down to/#))
            let lines = text.output.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.allSatisfy { $0.count <= 80 })
            // Only text when piped.
            #expect(!text.output.contains("\u{1b}"))
        }
    }

    @Test func aLayerSelectsSingularValuesOfAStackedTensor() throws {
        try withModel { model, _ in
            let all = try inspect(model, "qkvw")
            #expect(all["shape"] as? [Int] == [1, 48, 16])
            #expect(all["layer"] == nil)
            #expect(all["singular_values"] is NSNull)
            let text = try swiftlet("inspect", "weights", "--model", model, "--tensor", "qkvw")
            #expect(text.output.contains("singular values  choose one layer with --layer\n"))
            let one = try inspect(model, "qkvw", "--layer", "0")
            #expect(one["shape"] as? [Int] == [48, 16])
            #expect(one["layer"] as? Int == 0)
            #expect((one["singular_values"] as? [Double])?.count == 16)
            #expect(one["mean"] as? Double == all["mean"] as? Double)
            // A name of the family's says the layer itself.
            let named = try inspect(model, "qkvw.0")
            #expect(named["singular_values"] as? [Double] == one["singular_values"] as? [Double])
            // Vectors, one for each layer, are not a matrix.
            #expect(try inspect(model, "ln1w")["singular_values"] is NSNull)
        }
    }

    @Test func aFamilysNameMeansTheSameInEveryFormat() throws {
        try withModel { model, tokenizer in
            let expected = try inspect(model, "fcw", "--layer", "0")
            try withTemporaryDirectory { directory in
                for (format, own) in [
                    ("safetensors", "transformer.h.0.mlp.c_fc.weight"),
                    ("gguf", "blk.0.ffn_up.weight"),
                ] {
                    let output = directory.appending("out.\(format)").string
                    let converted = try swiftlet([
                        "convert", model, output, "--to", format, "--tokenizer", tokenizer,
                    ])
                    #expect(converted.status == 0, "\(converted.errors)")
                    let found = try inspect(output, "fcw", "--layer", "0")
                    #expect(found["shape"] as? [Int] == [64, 16])
                    #expect(
                        found["singular_values"] as? [Double]
                            == expected["singular_values"] as? [Double]
                    )
                    // Under the file's own name, it is as the file stores it.
                    let stored = try inspect(output, own)
                    let shape = stored["shape"] as? [Int]
                    #expect(shape == (format == "gguf" ? [64, 16] : [16, 64]))
                    let values = try #require(stored["singular_values"] as? [Double])
                    let others = try #require(expected["singular_values"] as? [Double])
                    #expect(zip(values, others).allSatisfy { abs($0 - $1) < 1e-9 })
                    expectError(
                        try swiftlet("inspect", "weights", "--model", output, "--tensor", "fcw"),
                        64,
                        "choose a layer"
                    )
                }
            }
        }
    }

    @Test func numbersInFewerBitsAreShownByTheirValues() throws {
        try withLlama { model, _ in
            let expected = try inspect(model, "w1.1")
            try withTemporaryDirectory { directory in
                let output = directory.appending("int8.bin").string
                let arguments = [
                    "convert", model, output, "--to", "llama2c", "--llama2c-version", "2",
                ]
                #expect(try swiftlet(arguments).status == 0)
                let found = try inspect(output, "w1.1")
                #expect(found["dtype"] as? String == "int8")
                #expect(found["shape"] as? [Int] == [64, 32])
                // A step of int8 is a 127th of the largest number.
                let step = (expected["maximum"] as? Double ?? 0) / 127
                for key in ["mean", "std", "minimum", "maximum"] {
                    let value = try #require(expected[key] as? Double)
                    #expect(isClose(found[key], value, within: step), "\(key)")
                }
                #expect(found["std"] as? Double != expected["std"] as? Double)
            }
        }
    }

    @Test func numbersThatAreNotFiniteAreReported() throws {
        try withTemporaryDirectory { directory in
            let model = directory.appending("m.bin").string
            try writeModel(to: FilePath(model)) { parameters in
                parameters["wpe"].withUnsafeMutableElements(as: Float.self) { $0[5] = .nan }
            }
            let object = try inspect(model, "wpe")
            #expect(object["non_finite"] as? Int == 1)
            #expect(object["singular_values"] is NSNull)
            #expect(object["mean"] is Double)
            let text = try swiftlet("inspect", "weights", "--model", model, "--tensor", "wpe")
            #expect(text.output.contains(#/ {2}not finite +1\n/#))
            #expect(text.output.contains("none, because not all numbers are finite"))
        }
    }

    @Test func anUnknownTensorNameSuggestsTheNearest() throws {
        try withModel { model, _ in
            func refuse(_ tensor: String, _ fragment: String, _ more: String...) throws {
                let arguments = ["inspect", "weights", "--model", model, "--tensor", tensor]
                expectError(try swiftlet(arguments + more), 64, fragment)
            }
            try refuse("qkwv", "no tensor 'qkwv' (did you mean 'qkvw'?)")
            try refuse("proj", "(did you mean 'attprojw', 'attprojb', 'fcprojw'?)")
            try refuse("", "no tensor ''; 'swiftlet info'")
            try refuse("\u{1b}[1m", "\\u{1b}[1m")
            try refuse("qkvw", "no layer 1: the model has 1 layer,", "--layer", "1")
            try refuse("wte", "leave out the layer", "--layer", "0")
            try refuse("qkvw", "--layer", "--layer", "-1")
            try refuse("qkvw", "--layer", "--layer", "99999999999999999999")
            try refuse("qkvw", "--layer", "--layer", "a")
        }
    }

    @Test func filesThatAreNotModelsAreNamed() throws {
        try withTemporaryDirectory { directory in
            let arguments = ["inspect", "weights", "--tensor", "wte", "--model"]
            func refuse(_ name: String, _ bytes: [UInt8]?, _ status: Int32) throws {
                let path = directory.appending(name)
                if let bytes { try writeBytes(bytes, to: path) }
                expectError(try swiftlet(arguments + [path.string]), status, name)
            }
            try refuse("missing", nil, 66)
            try refuse("empty", [], 65)
            try refuse("noise", (0..<4096).map { UInt8($0 * $0 % 251) }, 65)
            let model = try writeModel(to: directory.appending("m.bin"))
            let bytes = try MappedFile(model).withUnsafeBytes { Array($0) }
            try refuse("truncated", Array(bytes.dropLast(5)), 65)
        }
    }

    // NumPy's numbers for the same file.
    @Test(.enabled(if: TestData.isAvailable, Comment(rawValue: TestData.skipReason)))
    func numbersOfRealModelsMatchNumPy() throws {
        let directory = try TestData.path("tiny-gpt2").string
        let gpt2 = try inspect(directory, "transformer.h.2.attn.c_attn.weight")
        #expect(isClose(gpt2["mean"], -8.113281165267328e-05, within: 1e-15))
        #expect(isClose(gpt2["std"], 0.04320915888894059, within: 1e-15))
        let values = try #require(gpt2["singular_values"] as? [Double])
        #expect(isClose(values.first, 2.21397242, within: 1e-8))
        #expect(isClose(values.last, 0.1370960484212987, within: 1e-12))
        // The same weight in llm.c's file.
        let file = try TestData.path("tiny-gpt2/capp_gpt_llmc_v3.bin").string
        let llmc = try inspect(file, "qkvw", "--layer", "2")
        let others = try #require(llmc["singular_values"] as? [Double])
        #expect(zip(values, others).allSatisfy { abs($0 - $1) < 1e-6 })

        let llama = try inspect(TestData.path("llama2/stories260K.bin").string, "wq.3")
        #expect(isClose(llama["std"], 0.22775957099579167, within: 1e-15))
        let rotated = try #require(llama["singular_values"] as? [Double])
        #expect(isClose(rotated[0], 10.31611378, within: 1e-7))
        #expect(isClose(rotated[1], 4.26233886, within: 1e-7))
    }
}
