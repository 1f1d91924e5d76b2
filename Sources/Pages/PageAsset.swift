// The styles and scripts that pages carry, by the names of their files in CPages/assets.

import CPages

/// A style sheet or a script.
package struct PageAsset: Sendable {
    /// Such as `page.css`.
    package let name: String
    /// What the file holds.
    package let text: String

    /// All there are.
    package static let all: [PageAsset] = {
        var count = 0
        let assets = cp_assets(&count)
        return UnsafeBufferPointer(start: assets, count: count).map { asset in
            let bytes = UnsafeBufferPointer(start: asset.text, count: asset.size)
            return PageAsset(
                name: String(cString: asset.name),
                text: String(decoding: bytes, as: UTF8.self)
            )
        }
    }()

    /// The asset called `name`, which is one of those built in.
    package static func named(_ name: String) -> PageAsset {
        guard let asset = all.first(where: { $0.name == name }) else {
            preconditionFailure("no asset is called \(name)")
        }
        return asset
    }
}
