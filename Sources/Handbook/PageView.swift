/// What the template shows of a page.
struct PageView {
    struct Section {
        let title: String
        let pages: [Link]
    }

    struct Link {
        let title: String
        let address: String
        /// `page` when it leads to the page that is shown, `true` when that is a part of where it leads.
        var current: String?
    }

    struct Outline {
        let headings: [Link]

        init?(_ headings: [Link]) {
            guard headings.count > 2 else { return nil }
            self.headings = headings
        }
    }

    let title: String
    /// All pages, in the order of reading.
    let sections: [Section]
    /// The page's own headings; nil of a page that is short enough without a list of them.
    let outline: Outline?
    let before: Link?
    let after: Link?
    /// The file that the page is made from; nil when it is made from none.
    let source: String?
    /// In HTML.
    let article: String
}
