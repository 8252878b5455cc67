/// Makes the ids of deliveries: `X-Rostrum-Delivery`.
///
/// 32 hexadecimal digits: 12 of the moment in milliseconds, then 80 random bits. Ids that were made one after the other
/// stand side by side in an index; random ones would each touch a page of their own, which was a quarter of the cost of
/// a delivery.
package enum DeliveryID {
    package static func make(at now: Timestamp, _ random: any RandomSource) -> String {
        let moment = UInt64(bitPattern: now.milliseconds)
        let bytes = (0..<6).map { UInt8(truncatingIfNeeded: moment >> (40 - 8 * UInt64($0))) }
        return hexadecimal(bytes + random.bytes(10))
    }
}
