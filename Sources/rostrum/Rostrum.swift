@main
struct Rostrum {
    static func main() {}
}
