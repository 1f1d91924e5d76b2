// How many texts a server generates at a time, how long they may get, and whether there is memory
// for them; and what clients call the model.

import ArgumentParser
import Swiftlet

/// `--parallel`, `--context` and `--max-queue`.
struct ServedTextOptions: ParsableArguments {
    @Option(help: "How many texts to generate at a time.", in: .from(1, to: 1024))
    var parallel = 4

    @Option(
        help: """
            The most tokens in a text, including its prompt (default: the model's context). Memory \
            for all texts is allocated at the start.
            """,
        in: .from(1)
    )
    var context: Int?

    @Option(
        help: "How many texts may wait their turn; more are refused with status 429.",
        in: .from(0, to: 1 << 20)
    )
    var maxQueue = 64

    /// Refuses texts longer than the model can take.
    /// - Throws: ``CommandError``.
    func check(contextLength: Int) throws {
        guard let context, context > contextLength else { return }
        throw CommandError(
            .wrongUsage,
            "--context is \(groupedTokens(context)), but the model's context is "
                + "\(groupedTokens(contextLength)); give no more than that"
        )
    }

    /// Refuses caches that the machine has no memory for, because allocating them would end this
    /// program or another.
    /// - Throws: ``CommandError``.
    func checkMemory(
        of model: any LanguageModel,
        available: Int = Machine.memoryByteCount
    ) throws {
        let context = length(model)
        let (bytes, overflow) = cacheByteCount(of: model)
        let free = max(0, available - model.weightBytesPerToken)
        guard overflow || bytes > free else { return }
        let fitting = free / max(1, parallel * model.cacheBytesPerToken)
        let advice =
            fitting >= 256
            ? "--context \(fitting / 256 * 256) fits, or try fewer with --parallel"
            : "use a smaller model or --precision"
        throw CommandError(
            .failure,
            "\(counted(parallel, "text")) of \(groupedTokens(context)) take "
                + "\(overflow ? "too much" : bytes.formattedAsBytes) of memory on top of the "
                + "model's \(model.weightBytesPerToken.formattedAsBytes), but this machine has "
                + "\(available.formattedAsBytes); \(advice)"
        )
    }

    /// Takes over a model, and allocates memory for all texts.
    func makeService(_ generator: sending TextGenerator) throws -> GenerationService {
        try GenerationService(
            generator,
            sequenceCount: parallel,
            contextLength: context,
            queueCapacity: maxQueue
        )
    }

    /// How texts are generated, for the line that says what is served.
    func summary(_ service: GenerationService, cacheBytesPerToken: Int) -> String {
        let bytes = service.sequenceCount * service.contextLength * cacheBytesPerToken
        return "\(counted(service.sequenceCount, "text")) at a time, "
            + "\(groupedTokens(service.contextLength)) each, caches of \(bytes.formattedAsBytes)"
    }

    private func length(_ model: any LanguageModel) -> Int {
        context ?? model.contextLength
    }

    /// The bytes of the keys and values of all texts.
    private func cacheByteCount(of model: any LanguageModel) -> (bytes: Int, overflow: Bool) {
        let (each, first) = length(model).multipliedReportingOverflow(by: model.cacheBytesPerToken)
        let (all, second) = each.multipliedReportingOverflow(by: parallel)
        return (all, first || second)
    }
}

/// The name of a model, taken from its file or directory.
struct ServedModelName {
    /// The name.
    let text: String

    /// Extensions that tell the kind of file but nothing about the model.
    private static let endings = ["gguf", "bin", "safetensors", "pt", "pth", "ckpt", "json"]

    /// The name of what is at `path`.
    init(of path: FilePath) {
        var named = path.lexicallyNormalized()
        // `.` and `..` have no name until they are resolved.
        if named.lastComponent.map({ $0.kind != .regular }) ?? true,
            let resolved = FileSystem.realPath(path)
        {
            named = resolved
        }
        let name = named.lastComponent.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let hasEnding =
            parts.count > 1 && !parts[0].isEmpty
            && Self.endings.contains(parts[parts.count - 1].lowercased())
        let isFile = !FileSystem.isDirectory(path)
        let text = hasEnding && isFile ? parts.dropLast().joined(separator: ".") : name
        self.text = text.isEmpty ? "model" : text
    }
}
