// What the tests of reports share: runs of known shapes, and a look at what a page carries.

import Foundation
import Training

@testable import Reports

/// A run whose numbers are easy to predict: its loss falls from 10 by 0.1 per step.
/// - Parameters:
///   - name: Its name.
///   - steps: Its steps.
///   - every: Steps between those that were logged.
///   - tokens: Tokens of a step, each of which takes half a second.
/// - Returns: The run.
func plainRun(_ name: String, steps: Int, every: Int = 1, tokens: Float = 1024) -> RunHistory {
    var run = RunHistory(name: name)
    run.steps = stride(from: every, through: steps, by: every).map { number in
        var step = RunHistory.Step(step: number)
        step.loss = 10 - Float(number) / 10
        step.learningRate = 3e-4
        step.gradientNorm = 1 + Float(number % 3)
        step.milliseconds = 500
        step.tokensPerSecond = 2 * tokens
        return step
    }
    run.validation = stride(from: 0, through: steps, by: 7).map {
        RunHistory.Measurement(step: $0, value: 11 - Double($0) / 10)
    }
    return run
}

/// A run of numbers that no run should have, in steps that are far apart.
func oddRun(_ values: [Float], stepsApartBy distance: Int) -> RunHistory {
    var run = RunHistory(name: "odd")
    run.steps = values.enumerated().map { index, value in
        var step = RunHistory.Step(step: distance * index)
        (step.loss, step.learningRate, step.gradientNorm) = (value, value, value)
        (step.milliseconds, step.tokensPerSecond) = (value, value)
        return step
    }
    run.validation = [
        .init(step: 0, value: .nan), .init(step: 1, value: 1e308), .init(step: 2, value: -1e308),
    ]
    run.accuracy = run.validation
    return run
}

/// What a run was started with.
func plainFacts(
    seed: Int = 1,
    parameters: Int = 124_475_904,
    tokens: Int = 15 * 1024 + 1,
    steps: Int = 500
) throws -> RunFacts {
    let json = """
        {"model":{"layers":12,"heads":12,"channels":768,"context":1024,"vocabulary_size":50257,
        "parameters":\(parameters)},"steps":\(steps),"flags":{"batch-size":4,"seed":\(seed),
        "sequence-length":256,"total-batch-tokens":1024,"newer":"x","grad-clip":1},
        "data":{"train":[{"path":"data/stories.bin","tokens":\(tokens)}],"validation":[]},
        "machine":{"isa":"avx2","threads":2}}
        """
    let description = try JSONDecoder().decode(RunDescription.self, from: Data(json.utf8))
    return RunFacts(
        description,
        defaults: ["batch-size": .integer(4), "seed": .integer(1), "grad-clip": .number(1)]
    )
}

/// The data of a page's charts; nil when it has none.
func chartData(_ page: String) throws -> [String: Any]? {
    guard let start = page.range(of: "id=\"chart-data\">") else { return nil }
    let rest = page[start.upperBound...]
    guard let end = rest.range(of: "</script>") else { return nil }
    let json = Data(rest[..<end.lowerBound].utf8)
    return try JSONSerialization.jsonObject(with: json) as? [String: Any]
}
