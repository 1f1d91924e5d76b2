// What the commands of `inspect` have in common: which model is looked at, and where what is found
// goes. Those that run the model have PrecisionOptions beside this.

import ArgumentParser
import Swiftlet

/// The model, and the form of the result.
struct InspectOptions: ParsableArguments {
    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Draw it as one page for a browser and print its path; - prints the page.",
            valueName: "file.html"
        )
    )
    var output: FilePath?

    @Flag(help: "Replace the page if it exists.")
    var overwrite = false

    @OptionGroup
    var compute: ComputeOptions

    func validate() throws {
        if output?.isEmpty == true { throw ValidationError("--output needs the name of a file") }
        if output == "-" && json {
            throw ValidationError("only one of --json and the page can go to standard output")
        }
        if overwrite && output == nil { throw ValidationError("--overwrite is for --output") }
    }

    /// Looks at the model, and at whether the page may be written, before time is spent on either.
    /// - Throws: What is wrong with the model's files, or that the page cannot be made.
    func source() throws -> ModelSource {
        // There is nothing to save.
        Signals.exitWhenInterrupted()
        if let output { try requireWritable(output, overwrite: overwrite) }
        return try model.source()
    }

    /// The weights of the model, with an adapter merged into them where it has one.
    /// - Throws: What is wrong with the adapter's files.
    func weights(of source: ModelSource, ops: Ops) throws -> any ModelWeights {
        try source.mergedWeights(with: model.adapter.map { try LowRankAdapter($0) }, ops: ops)
    }
}
