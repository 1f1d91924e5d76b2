// The model of scripts/induction in a small form: it has to have the heads that the script shows.

import FileIO
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct InductionTests {
    /// A head as `inspect heads --json` and `inspect ablate --json` print it.
    private func value(_ key: String, _ layer: Int, of object: [String: Any]) throws -> Double {
        let heads = try #require(object["heads"] as? [[String: Any]])
        let head = try #require(heads.first { $0["layer"] as? Int == layer })
        #expect(head["head"] as? Int == 0)
        return try #require(head[key] as? Double)
    }

    /// Before training, no head does any of this: the scores are then about 0.05.
    @Test func aModelOfRepeatedTokensLearnsToLookBack() throws {
        let scripts = FilePath(#filePath).removingLastComponent().removingLastComponent()
            .removingLastComponent().appending("scripts")
        try withTemporaryDirectory { directory in
            // The script's own function and its data, without its build.
            let prepared = try shell(
                """
                set -e; cd '\(scripts)/..'
                sed -n '/^shard()/,/^}/p' scripts/induction > '\(directory)/shard'
                bash -c '. "$0/shard"; shard "$0/train.bin" 40000 1 0.35;
                    shard "$0/val.bin" 200 2 0' '\(directory)'
                "$SWIFTLET" train --init layers=2,heads=1,channels=64,context=32,vocabulary=90 \
                    --train-data '\(directory)/train.bin' --batch-size 64 --sequence-length 32 \
                    --steps 1300 --learning-rate 4e-3 --warmup-steps 100 --weight-decay 0 \
                    --threads 1 --output '\(directory)/run'
                """
            )
            try #require(prepared.status == 0, "\(prepared.errors)")
            let model = directory.appending("run").string
            let scores = try swiftlet("inspect", "heads", "--model", model, "--json").object()
            let losses = try swiftlet([
                "inspect", "ablate", "--model", model, "--data",
                directory.appending("val.bin").string, "--batch-size", "16", "--json",
            ]).object()
            let induction = try value("induction", 1, of: scores)
            let previous = try value("previous_token", 0, of: scores)
            print("induction \(induction), previous token \(previous)")
            #expect(induction > 0.5)
            #expect(try value("induction", 0, of: scores) < 0.1)
            #expect(previous > 0.25)
            #expect(try value("previous_token", 1, of: scores) < 0.1)
            // Without either head the model can only guess.
            for layer in 0...1 { #expect(try value("change", layer, of: losses) > 1.5) }
        }
    }
}
