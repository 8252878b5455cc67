package import Database

// GRDB has types of the same names as ours; the files that import both tell them apart by these.

package typealias Engine = Database
package typealias EngineError = DatabaseError
package typealias EngineRow = Row
package typealias EngineSQL = SQL
