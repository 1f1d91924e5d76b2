// The eigenvalues of a symmetric matrix, in float64: Householder's reduction to three diagonals,
// then QL steps with implicit shifts, like tred1 and tql1 of EISPACK (Wilkinson and Reinsch,
// Handbook for Automatic Computation, II/2 and II/3). No eigenvectors.
//
// It is our own because nothing available does it everywhere: LAPACK is only part of Apple's
// toolchain, and the build should need no library besides OpenMP. It takes 2 n^3 operations on one
// thread, well under a second for GPT-2's 768 columns, so it need not be a kernel.

/// A symmetric matrix that is taken apart in place.
struct SymmetricMatrix {
    /// Rows, and columns.
    let size: Int
    /// `(size, size)`, both halves filled.
    var elements: [Double]

    /// A matrix of zeros.
    init(zeros size: Int) {
        self.size = size
        elements = [Double](repeating: 0, count: size * size)
    }

    /// The eigenvalues, in ascending order; the elements are overwritten.
    ///
    /// Each is off by a few ulps of the largest one.
    /// - Parameter progress: Called with the number of reduced rows; if it throws, the work ends.
    /// - Returns: As many values as rows.
    /// - Throws: What `progress` throws.
    consuming func eigenvalues(progress: (_ rows: Int) throws -> Void) rethrows -> [Double] {
        var (diagonal, beside) = try tridiagonal(progress)
        Self.diagonalize(&diagonal, &beside)
        return diagonal.sorted()
    }

    /// Reduces the matrix to the diagonal and its neighbors: `beside[i]` joins i and i + 1, and the
    /// last one is 0.
    private consuming func tridiagonal(
        _ progress: (_ rows: Int) throws -> Void
    ) rethrows -> (diagonal: [Double], beside: [Double]) {
        let n = size
        var diagonal = [Double](repeating: 0, count: n)
        var beside = [Double](repeating: 0, count: n)
        var image = [Double](repeating: 0, count: n)
        var matrix = self
        // In what remains, the last row becomes zero except for two elements.
        for last in stride(from: n - 1, through: 1, by: -1) {
            diagonal[last] = matrix.elements[last * n + last]
            beside[last - 1] = matrix.reduce(last, &image)
            try progress(n - last)
        }
        if n > 0 { diagonal[0] = matrix.elements[0] }
        return (diagonal, beside)
    }

    /// Reflects the first `last` rows and columns so that row `last` is zero except for its last
    /// two elements.
    /// - Parameters:
    ///   - last: The row.
    ///   - image: Scratch space for as many numbers.
    /// - Returns: The element before the diagonal.
    private mutating func reduce(_ last: Int, _ image: inout [Double]) -> Double {
        let n = size
        return elements.withUnsafeMutableBufferPointer { elements in
            image.withUnsafeMutableBufferPointer { image in
                guard let matrix = elements.baseAddress, let q = image.baseAddress else { return 0 }
                let u = matrix + last * n
                // Scaled, so that no square is out of range.
                var scale = 0.0
                for i in 0..<last { scale = max(scale, abs(u[i])) }
                guard scale > 0, last > 1 else { return u[last - 1] }
                var square = 0.0
                for i in 0..<last {
                    u[i] /= scale
                    square += u[i] * u[i]
                }
                let end = u[last - 1]
                let norm = end > 0 ? -square.squareRoot() : square.squareRoot()
                // u = x - norm e; half of its square is H.
                let H = square - end * norm
                u[last - 1] = end - norm
                // q = A u / H, as a sum of rows.
                for i in 0..<last { q[i] = 0 }
                for row in 0..<last { Self.add(u[row] / H, of: matrix + row * n, to: q, last) }
                var product = 0.0
                for i in 0..<last { product += u[i] * q[i] }
                Self.add(-product / (2 * H), of: u, to: q, last)
                // A - u q' - q u'.
                for row in 0..<last {
                    Self.add(-u[row], of: q, -q[row], of: u, to: matrix + row * n, last)
                }
                return scale * norm
            }
        }
    }

    /// Adds a multiple of a row to another.
    @inline(__always)
    private static func add(
        _ factor: Double,
        of source: UnsafePointer<Double>,
        to result: UnsafeMutablePointer<Double>,
        _ count: Int
    ) {
        for i in 0..<count { result[i] += factor * source[i] }
    }

    /// Adds multiples of two rows to another.
    @inline(__always)
    private static func add(
        _ factor: Double,
        of source: UnsafePointer<Double>,
        _ secondFactor: Double,
        of secondSource: UnsafePointer<Double>,
        to result: UnsafeMutablePointer<Double>,
        _ count: Int
    ) {
        for i in 0..<count {
            result[i] += factor * source[i] + secondFactor * secondSource[i]
        }
    }

    /// Makes the neighbors of the diagonal zero, by QL steps that leave the eigenvalues unchanged.
    private static func diagonalize(_ d: inout [Double], _ e: inout [Double]) {
        let n = d.count
        var shift = 0.0
        var magnitude = 0.0
        for l in 0..<n {
            magnitude = max(magnitude, abs(d[l]) + abs(e[l]))
            let tolerance = Double.ulpOfOne * magnitude
            // The last of `e` is zero, so the search ends.
            var m = l
            while m < n - 1, abs(e[m]) > tolerance { m += 1 }
            while m > l, abs(e[l]) > tolerance {
                step(&d, &e, l, m, &shift)
            }
            d[l] += shift
            e[l] = 0
        }
    }

    /// One QL step on rows l to m.
    private static func step(
        _ d: inout [Double],
        _ e: inout [Double],
        _ l: Int,
        _ m: Int,
        _ shift: inout Double
    ) {
        let first = d[l]
        let half = (d[l + 1] - first) / (2 * e[l])
        let root = length(half, 1) * (half < 0 ? -1 : 1)
        d[l] = e[l] / (half + root)
        d[l + 1] = e[l] * (half + root)
        let second = d[l + 1]
        let change = first - d[l]
        for i in (l + 2)..<max(l + 2, d.count) { d[i] -= change }
        shift += change
        let beside = e[l + 1]
        var p = d[m]
        // Cosines and sines of this rotation and of the two before it.
        var (c, c2, c3) = (1.0, 1.0, 1.0)
        var (s, s2) = (0.0, 0.0)
        for i in stride(from: m - 1, through: l, by: -1) {
            (c3, c2, s2) = (c2, c, s)
            let g = c * e[i]
            let h = c * p
            let r = length(p, e[i])
            e[i + 1] = s * r
            s = e[i] / r
            c = p / r
            p = c * d[i] - s * g
            d[i + 1] = h + s * (c * g + s * d[i])
        }
        p = -s * s2 * c3 * beside * e[l] / second
        e[l] = s * p
        d[l] = c * p
    }

    /// The length of a vector of two numbers, whose squares may be out of range.
    private static func length(_ x: Double, _ y: Double) -> Double {
        let (large, small) = (max(abs(x), abs(y)), min(abs(x), abs(y)))
        guard large > 0 else { return 0 }
        let ratio = small / large
        return large * (1 + ratio * ratio).squareRoot()
    }
}
