// The options of the training settings, as many as the table has: each reaches its setting, and
// what it sets survives a checkpoint.

import Foundation
import Swiftlet
import Testing

@testable import SwiftletCLI

@Suite struct SettingOptionTests {
    /// An option with another value than a setting has.
    private func argument(_ name: String, insteadOf value: JSONValue) -> String? {
        let others = ["float32": "bfloat16", "none": "block", "cosine": "linear", "adamw": "muon"]
        return switch value {
        case .integer(let integer): "--\(name)=\(integer + 1)"
        case .number: "--\(name)=0.5"
        case .bool(false): "--\(name)"
        case .string(let text): others[text].map { "--\(name)=\($0)" }
        default: nil
        }
    }

    @Test func everyOptionReachesItsSettingAndNoOther() throws {
        let usual = TrainingSettings(
            sequenceLength: 8,
            schedule: LearningRateSchedule(totalSteps: 10)
        )
        // Those without a default depend on model and data too.
        for setting in TrainingSettings.table {
            guard let initial = setting.initialJSON else { continue }
            let flag = try #require(argument(setting.name, insteadOf: initial), "\(initial)")
            let needed = ["--init=d12", "--text=text", "--output=run", "--hellaswag=questions"]
            var settings = usual
            try TrainCommand.parse(needed + [flag]).apply(to: &settings)
            let changed = settings.flags.filter { $0.value != usual.flags[$0.key] }
            #expect(changed.map(\.key) == [setting.name], "\(flag)")
            let file = try JSONEncoder().encode(settings)
            let read = try JSONDecoder().decode(TrainingSettings.self, from: file)
            #expect(read == settings, "\(flag)")
        }
    }
}
