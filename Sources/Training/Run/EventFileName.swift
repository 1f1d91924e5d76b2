// What the event files of a run are called: cleaning a run's directory has to know them, and so has
// whoever writes them.

import FileIO

/// Names of event files of TensorBoard.
package enum EventFileName {
    private static let (prefix, suffix) = ("events.out.tfevents.", ".swiftlet")
    private static let digitCount = 10
    private static let largestNumber = 9_999_999_999

    /// Those in `directory` that this program has written, in the order in which they are read.
    /// - Throws: ``FileIOError`` when the directory cannot be listed.
    package static func paths(in directory: FilePath) throws -> [FilePath] {
        guard FileSystem.isDirectory(directory) else { return [] }
        return try FileSystem.names(in: directory)
            .filter { number(inName: $0.string) != nil }
            .map { directory.appending($0) }
    }

    /// Whether a file of this name is one of ours.
    static func isOurs(_ name: String) -> Bool { number(inName: name) != nil }

    /// The name of a file that is read after the `former` ones.
    ///
    /// Readers go on with the next name in order, which by custom holds the seconds since 1970.
    package static func next(after former: [FilePath], at time: Double) -> String {
        let newest = former.compactMap { $0.lastComponent }.compactMap {
            Self.number(inName: $0.string)
        }
        .max()
        let number = min(
            max((newest ?? 0) + 1, Int(min(max(time, 0), Double(largestNumber)))),
            largestNumber
        )
        let digits = String(number)
        return prefix + String(repeating: "0", count: digitCount - digits.count) + digits + suffix
    }

    /// The number in a name of ours; nil in any other name.
    private static func number(inName name: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            name.utf8.count == prefix.utf8.count + digitCount + suffix.utf8.count
        else { return nil }
        let digits = name.utf8.dropFirst(prefix.utf8.count).prefix(digitCount)
        guard digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else {
            return nil
        }
        return digits.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
    }
}
