// The header fields of a message, and their lines, or those of the trailers behind a chunked body,
// up to the empty one.

/// Header fields in order, with case-insensitive names.
package struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// A name and its value.
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    /// All of them.
    package private(set) var fields: [Field]

    package init(_ fields: [Field] = []) {
        self.fields = fields
    }

    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// Appends a field, in addition to others of its name.
    package mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// The values of all fields of a name.
    package func values(_ name: String) -> [String] {
        let name = name.lowercased()
        return fields.filter { $0.name.lowercased() == name }.map(\.value)
    }

    /// The value of the first field of a name; setting it replaces all of them.
    package subscript(name: String) -> String? {
        get { values(name).first }
        set {
            let lowercased = name.lowercased()
            fields.removeAll { $0.name.lowercased() == lowercased }
            if let newValue { add(name, newValue) }
        }
    }
}

/// Reads fields as their bytes arrive.
struct FieldSectionReader {
    /// How many more bytes are allowed.
    private var bytesLeft: Int
    private let fieldLimit: Int
    private var fields: [HTTPHeaders.Field] = []

    init(byteLimit: Int, fieldLimit: Int) {
        (bytesLeft, self.fieldLimit) = (byteLimit, fieldLimit)
    }

    /// Continues reading; nil while lines are missing.
    /// - Throws: ``HTTPProblem``
    mutating func read(_ input: inout UnreadBytes) throws(HTTPProblem) -> HTTPHeaders? {
        while let line = try input.takeLine(atMost: bytesLeft, orElse: .headTooLarge) {
            bytesLeft -= line.count + 2
            if line.isEmpty { return HTTPHeaders(fields) }
            guard fields.count < fieldLimit else { throw .headTooLarge }
            fields.append(try Self.field(line))
        }
        return nil
    }

    /// Reads a line.
    ///
    /// A blank before the colon, and a line that continues the previous one, are refused: programs
    /// disagree on what they mean.
    private static func field(_ line: ArraySlice<UInt8>) throws(HTTPProblem) -> HTTPHeaders.Field {
        guard line.first.map(ASCII.isBlank) == false else {
            throw .malformed("a header line starts with a blank")
        }
        guard let colon = line.firstIndex(of: ASCII.colon) else {
            throw .malformed("a header line has no colon")
        }
        let name = line[..<colon]
        guard !name.isEmpty, name.allSatisfy(ASCII.isToken) else {
            throw .malformed("a header line does not start with a name and a colon")
        }
        let value = ASCII.trimmed(line[(colon + 1)...])
        guard let value = String(validating: value, as: UTF8.self) else {
            throw .malformed("a header field is not UTF-8")
        }
        return HTTPHeaders.Field(name: String(decoding: name, as: UTF8.self), value: value)
    }
}
