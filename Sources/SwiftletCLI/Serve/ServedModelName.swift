// What clients call a model: never a path of the machine.

import Swiftlet

/// The name of a model, after its file or directory.
struct ServedModelName {
    /// The name.
    let text: String

    /// Endings that say what kind of file it is, and nothing of the model.
    private static let endings = ["gguf", "bin", "safetensors", "pt", "pth", "ckpt", "json"]

    /// The name of what is at `path`.
    init(of path: FilePath) {
        var named = path.lexicallyNormalized()
        // `.` and `..` have no name before it is known where they are.
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
