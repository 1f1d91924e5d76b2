// Reads event files of TensorBoard according to their specification, sharing no code with what
// writes them: records with their checksums, and in them the fields of protocol buffers.

import FileIO

/// A value recorded in an event file.
public struct LoggedValue: Equatable {
    /// The optimizer step.
    public let step: Int
    /// The name of the value.
    public let tag: String
    /// The number; nil for a text.
    public let number: Float?
    /// The text; nil for a number.
    public let text: String?

    /// A number.
    public init(_ step: Int, _ tag: String, _ number: Float) {
        (self.step, self.tag, self.number, text) = (step, tag, number, nil)
    }

    /// A text, shown by a plugin called "text".
    public init(_ step: Int, _ tag: String, text: String) {
        (self.step, self.tag, number, self.text) = (step, tag, nil, text)
    }

    /// NaN is the same as NaN here.
    public static func == (first: Self, second: Self) -> Bool {
        first.step == second.step && first.tag == second.tag && first.text == second.text
            && (first.number == second.number
                || first.number?.isNaN == true && second.number?.isNaN == true)
    }
}

/// The contents of an event file.
public struct EventFileContents {
    /// The wall time of the first event.
    public let version: String?
    /// The steps at which readers are told to discard what follows.
    public let starts: [Int]
    /// The values, in order.
    public let values: [LoggedValue]
    /// The time of each event.
    public let times: [Double]

    /// An error in the file.
    public struct Malformed: Error, CustomStringConvertible {
        public let description: String
    }

    /// Reads the file at `path` to its last byte.
    public init(_ path: FilePath) throws {
        var rest = Array(try MappedFile(path).contents())[...]
        var starts: [Int] = []
        var values: [LoggedValue] = []
        var times: [Double] = []
        var version: String?
        while !rest.isEmpty {
            let event = try Self.fields(Self.record(&rest))
            let step = event[2]?.last?.integer ?? 0
            times += (event[1] ?? []).map {
                Double(bitPattern: UInt64(bitPattern: Int64($0.integer)))
            }
            if let text = event[3]?.first?.text {
                guard times.count == 1 else { throw Malformed(description: "a second version") }
                version = text
            }
            for session in event[7] ?? [] {
                let status = try Self.fields(session.bytes)[1]?.first?.integer
                guard status == 1 else { throw Malformed(description: "no start") }
                starts.append(step)
            }
            for summary in event[5] ?? [] {
                for value in try Self.fields(summary.bytes)[1] ?? [] {
                    values.append(try Self.value(value.bytes, step))
                }
            }
        }
        (self.version, self.starts, self.values, self.times) = (version, starts, values, times)
    }

    private static func value(_ bytes: ArraySlice<UInt8>, _ step: Int) throws -> LoggedValue {
        let fields = try fields(bytes)
        guard let tag = fields[1]?.first?.text else { throw Malformed(description: "no tag") }
        if let number = fields[2]?.first {
            return LoggedValue(step, tag, Float(bitPattern: UInt32(number.integer)))
        }
        let plugin = try fields[9]?.first.flatMap { try Self.fields($0.bytes)[1]?.first }
        let name = try plugin.flatMap { try Self.fields($0.bytes)[1]?.first?.text }
        guard name == "text", let tensor = try fields[8]?.first.map({ try Self.fields($0.bytes) }),
            tensor[1]?.first?.integer == 7, let text = tensor[8]?.first?.text
        else { throw Malformed(description: "\(tag) is neither a number nor a text") }
        return LoggedValue(step, tag, text: text)
    }

    // MARK: Records

    private static func record(_ rest: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
        func take(_ count: Int) throws -> ArraySlice<UInt8> {
            guard rest.count >= count else { throw Malformed(description: "a torn record") }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func checked(_ bytes: ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
            guard integer(try take(4)) == UInt64(maskedChecksum(bytes)) else {
                throw Malformed(description: "a wrong checksum")
            }
            return bytes
        }
        let length = integer(try checked(try take(8)))
        return try checked(try take(Int(length)))
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// CRC-32C, bit by bit, and the mask of record files.
    private static func maskedChecksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc: UInt32 = .max
        for byte in bytes {
            for bit in 0..<8 {
                let isOdd = (crc ^ UInt32(byte) >> bit) & 1 == 1
                crc = crc >> 1 ^ (isOdd ? 0x82F6_3B78 : 0)
            }
        }
        crc = ~crc
        return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    }

    // MARK: Fields

    private struct Field {
        var integer = 0
        var bytes: ArraySlice<UInt8> = []
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private static func fields(_ message: ArraySlice<UInt8>) throws -> [Int: [Field]] {
        var rest = message
        var fields: [Int: [Field]] = [:]
        func varint() throws -> UInt64 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = rest.popFirst() {
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            throw Malformed(description: "a torn number")
        }
        func take(_ count: Int) throws -> ArraySlice<UInt8> {
            guard rest.count >= count else { throw Malformed(description: "a torn field") }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        while !rest.isEmpty {
            let key = try varint()
            var field = Field()
            switch key & 7 {
            case 0: field.integer = Int(truncatingIfNeeded: try varint())
            case 1: field.integer = Int(truncatingIfNeeded: integer(try take(8)))
            case 2: field.bytes = try take(Int(try varint()))
            case 5: field.integer = Int(truncatingIfNeeded: integer(try take(4)))
            default: throw Malformed(description: "a field of type \(key & 7)")
            }
            fields[Int(key >> 3), default: []].append(field)
        }
        return fields
    }
}

/// The event files in a directory.
public func eventFiles(in directory: FilePath) throws -> [FilePath] {
    try FileSystem.names(in: directory)
        .filter { $0.string.contains("tfevents") }
        .map { directory.appending($0) }
}
