/// This release of Rostrum.
package enum Release {
    /// Its version, as the command line and the OpenAPI document tell it.
    package static let version = "0.1.0"
}
