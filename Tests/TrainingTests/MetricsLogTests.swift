import FileIO
import TestSupport
import Testing
import Training

@Suite(.serialized) struct MetricsLogTests {
    @Test func linesMatchTheDocumentation() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("metrics.jsonl")
            let log = try MetricsLog(path)
            try log.append(validationLoss: 3.9, step: 0)
            try log.append(sample: "Grüße/\"ROMEO\":\n\u{1}", step: 20)
            try log.append(
                TrainingStep(
                    step: 21,
                    loss: 4.1,
                    learningRate: 3e-4,
                    gradientNorm: 1.2,
                    duration: .milliseconds(250),
                    tokenCount: 64
                )
            )
            #expect(
                try text(path) == """
                    {"step":0,"val_loss":3.9}
                    {"sample":"Grüße/\\"ROMEO\\":\\n\\u0001","step":20}
                    {"grad_norm":1.2,"learning_rate":0.0003,"milliseconds":250,"step":21,\
                    "tokens_per_second":256,"train_loss":4.1}

                    """
            )
        }
    }

    @Test func numbersThatAreNotFiniteAreNull() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("metrics.jsonl")
            let log = try MetricsLog(path)
            try log.append(validationLoss: .nan, step: 1)
            try log.append(hellaSwagAccuracy: 0.27, step: 1)
            try log.append(
                TrainingStep(
                    step: 2,
                    loss: .nan,
                    learningRate: 1,
                    gradientNorm: -.infinity,
                    duration: .zero,
                    tokenCount: 64
                )
            )
            #expect(
                try text(path) == """
                    {"step":1,"val_loss":null}
                    {"hellaswag_accuracy":0.27,"step":1}
                    {"grad_norm":null,"learning_rate":1,"milliseconds":0,"step":2,\
                    "tokens_per_second":null,"train_loss":null}

                    """
            )
        }
    }

    @Test func newLogReplacesTheOldOne() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("metrics.jsonl")
            try MetricsLog(path).append(validationLoss: 1, step: 1)
            try MetricsLog(path).append(validationLoss: 2, step: 2)
            #expect(try text(path) == "{\"step\":2,\"val_loss\":2}\n")
        }
    }

    @Test func directoryThatDoesNotExistIsAnErrorWithThePath() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("none").appending("metrics.jsonl")
            let error = #expect(throws: FileIOError.self) { try MetricsLog(path) }
            #expect(error?.description.contains(path.string) == true)
        }
    }
}
