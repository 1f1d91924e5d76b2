// An event of TensorBoard's files, as event.proto and summary.proto describe it. Numbers are under
// the names they have in metrics.jsonl, each as a simple value, which every reader of such files
// knows. Events need four kinds of fields of protocol buffers; a library for all kinds, with the
// code it generates, would take longer to build than this target.

/// An entry of an event file.
struct BoardEvent {
    /// The content of an event.
    enum Content {
        /// The version of the file's format; comes first.
        case version
        /// A process begins, and earlier events of this step or later ones no longer count.
        case start
        /// What was measured.
        case values([(tag: String, value: Value)])
    }

    /// A value that was measured.
    enum Value {
        /// A number, which may be NaN.
        case number(Float)
        /// A text.
        case text(String)
    }

    /// When it happened, in seconds since 1970.
    let time: Double
    /// The optimizer step it belongs to.
    let step: Int
    /// The content of the event.
    let content: Content

    /// The bytes of its record.
    var record: [UInt8] {
        var event = ProtobufMessage()
        event.add(1, double: time)
        if step != 0 { event.add(2, integer: step) }
        switch content {
        case .version: event.add(3, text: "brain.Event:2")
        case .start: event.add(7) { $0.add(1, integer: 1) }
        case .values(let values):
            event.add(5) { summary in
                for (tag, value) in values { summary.add(1) { Self.fill(&$0, tag, value) } }
            }
        }
        return EventRecord.framing(event.bytes)
    }

    private static func fill(_ message: inout ProtobufMessage, _ tag: String, _ value: Value) {
        message.add(1, text: tag)
        switch value {
        case .number(let number): message.add(2, float: number)
        case .text(let text):
            // A tensor of one string, which this plugin draws.
            message.add(9) { $0.add(1) { $0.add(1, text: "text") } }
            message.add(8) { tensor in
                let stringType = 7
                tensor.add(1, integer: stringType)
                tensor.add(2) { $0.add(2) { $0.add(1, integer: 1) } }
                tensor.add(8, text: text)
            }
        }
    }
}

extension BoardEvent {
    /// The event of an optimizer step.
    init(_ step: RunHistory.Step, time: Double) {
        self.init(
            time: time,
            step: step.step,
            content: .values([
                ("train_loss", .number(step.loss)),
                ("learning_rate", .number(step.learningRate)),
                ("grad_norm", .number(step.gradientNorm)),
                ("milliseconds", .number(step.milliseconds)),
                ("tokens_per_second", .number(step.tokensPerSecond)),
            ])
        )
    }

    /// The event of a validation after `step` updates.
    init(validationLoss: Double, step: Int, time: Double) {
        self.init("val_loss", .number(Float(validationLoss)), step, time)
    }

    /// The event of a HellaSwag evaluation after `step` updates.
    init(accuracy: Double, step: Int, time: Double) {
        self.init("hellaswag_accuracy", .number(Float(accuracy)), step, time)
    }

    /// The event of a text drawn after `step` updates.
    init(sample: String, step: Int, time: Double) {
        self.init("sample", .text(sample), step, time)
    }

    private init(_ tag: String, _ value: Value, _ step: Int, _ time: Double) {
        self.init(time: time, step: step, content: .values([(tag, value)]))
    }
}

/// A message as its bytes are written.
struct ProtobufMessage {
    /// The fields so far.
    private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    /// Adds an integer or the case of an enumeration; one that is negative in two's complement.
    mutating func add(_ field: UInt64, integer: Int) {
        add(field, .varint)
        add(varint: UInt64(bitPattern: Int64(integer)))
    }

    /// Adds a number of double precision.
    mutating func add(_ field: UInt64, double: Double) {
        add(field, .fixed64)
        bytes += double.bitPattern.littleEndianBytes
    }

    /// Adds a number of single precision.
    mutating func add(_ field: UInt64, float: Float) {
        add(field, .fixed32)
        bytes += float.bitPattern.littleEndianBytes
    }

    /// Adds a text.
    mutating func add(_ field: UInt64, text: String) {
        add(field, .lengthDelimited)
        add(varint: UInt64(text.utf8.count))
        bytes += text.utf8
    }

    /// Adds a message of its own fields.
    mutating func add(_ field: UInt64, _ fill: (inout ProtobufMessage) -> Void) {
        var message = ProtobufMessage()
        fill(&message)
        add(field, .lengthDelimited)
        add(varint: UInt64(message.bytes.count))
        bytes += message.bytes
    }

    private mutating func add(_ field: UInt64, _ type: WireType) {
        add(varint: field << 3 | type.rawValue)
    }

    /// Seven bits per byte, the lowest first; the top bit says that more follow.
    private mutating func add(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

extension FixedWidthInteger {
    /// The bytes, the lowest first.
    var littleEndianBytes: [UInt8] {
        stride(from: 0, to: Self.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}
