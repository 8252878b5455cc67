import Testing

@testable import Server

@Suite struct ProcessorsTests {
    @Test(arguments: [
        ("Cpus_allowed_list:\t0", 1),
        ("Name:\trostrum\nCpus_allowed:\tff\nCpus_allowed_list:\t0-3,8\nMems_allowed:\t1\n", 5),
        ("Cpus_allowed_list:\t2-2,4-5,7", 4),
    ])
    func `what a process is pinned to is counted`(status: String, count: Int) {
        #expect(Processors.count(inStatus: status) == count)
    }

    @Test(arguments: [
        "", "Name:\trostrum", "Cpus_allowed_list:\t", "Cpus_allowed_list:\t3-1", "Cpus_allowed_list:\tall",
    ])
    func `what is no list says nothing`(status: String) {
        #expect(Processors.count(inStatus: status) == nil)
    }

    @Test func `a process may use one at least`() {
        #expect(Processors.usable >= 1)
    }
}
