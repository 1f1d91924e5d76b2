// Starts the kernels' threads. The OpenMP library reads the environment itself, and ends the
// program if it cannot make sense of it or if the system refuses it a thread. So both are tried
// here first, and are errors.

import CKernels
import Synchronization

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The threads that kernels run on.
enum ThreadTeam {
    /// The most threads that have been started so far.
    private static let started = Mutex(1)

    private static let stackVariables = ["KMP_STACKSIZE", "GOMP_STACKSIZE", "OMP_STACKSIZE"]
    /// The smallest stack that OpenMP's library uses, unless a variable says otherwise.
    private static let usualStackByteCount = 4 << 20
    private static let largestStackByteCount = 1 << 30
    private static let largestThreadCount = 1024

    /// Starts `count` threads, including the calling one, unless as many were started before.
    /// - Throws: ``TensorError/invalidEnvironment(name:requirement:found:)`` or
    ///   ``TensorError/noThreads(count:)``.
    static func start(_ count: Int) throws {
        guard Machine.hasOpenMP else { return }
        let stack = try checkEnvironment()
        try started.withLock { started in
            guard count > started else { return }
            guard ck_start_team(CInt(count), stack) else {
                throw TensorError.noThreads(count: count)
            }
            started = count
        }
    }

    /// Checks the variables that OpenMP's library reads.
    /// - Parameter value: The value of a variable; nil when it is not set.
    /// - Returns: The bytes of a thread's stack.
    /// - Throws: ``TensorError/invalidEnvironment(name:requirement:found:)``.
    @discardableResult
    static func checkEnvironment(
        _ value: (_ name: String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) throws -> Int {
        func check(_ name: String, _ requirement: String, _ isValid: (String) -> Bool) throws {
            guard let text = value(name), !text.isEmpty, !isValid(text) else { return }
            throw TensorError.invalidEnvironment(name: name, requirement: requirement, found: text)
        }
        try check("OMP_NUM_THREADS", "1 to \(largestThreadCount), or a list of such with commas") {
            $0.split(separator: ",", omittingEmptySubsequences: false)
                .allSatisfy { number($0).map { 1...largestThreadCount ~= $0 } ?? false }
        }
        try check("OMP_THREAD_LIMIT", "at least 1") { number($0[...]).map { $0 > 0 } ?? false }
        var largest = usualStackByteCount
        for name in stackVariables {
            try check(name, "a size such as 4M, at most 1G") { byteCount($0) != nil }
            largest = max(largest, value(name).flatMap(byteCount) ?? 0)
        }
        return largest
    }

    /// A number as OpenMP accepts it, with spaces around it.
    static func number(_ text: Substring) -> Int? {
        let digits = text.filter { $0 != " " }
        return digits.allSatisfy { $0.isASCII && $0.isNumber } ? Int(digits) : nil
    }

    /// A size as OpenMP writes it: a number, then B, K, M or G; without a letter it is in KiB.
    private static func byteCount(_ text: String) -> Int? {
        let shifts: [Character: Int] = ["B": 0, "K": 10, "M": 20, "G": 30]
        var digits = text.uppercased().filter { $0 != " " }[...]
        let shift = digits.last.flatMap { shifts[$0] }
        if shift != nil { digits.removeLast() }
        guard let count = number(digits), count > 0 else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 1 << (shift ?? 10))
        return overflow || bytes > largestStackByteCount ? nil : bytes
    }
}
