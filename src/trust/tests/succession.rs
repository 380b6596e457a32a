//! Every way in which clusters can hold a root, and what becomes of it.

use super::*;

/// What is wanted, what each cluster holds, and what becomes of it.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

/// Roots by their names.
struct Roots(BTreeMap<String, Certificate>);

impl Roots {
    fn new() -> Self {
        Self(["a", "b", "z"].map(|name| (name.to_owned(), Authority::root(name).certificate)).into())
    }

    fn of(&self, name: &str) -> Certificate {
        self.0[name].clone()
    }

    fn name(&self, fingerprint: &str) -> String {
        let mut named = self.0.iter().filter(|(_, root)| root.fingerprint() == fingerprint);
        named.next().map_or_else(|| fingerprint.to_owned(), |(name, _)| name.clone())
    }

    fn names(&self, by_cluster: &[(String, String)]) -> String {
        let named = by_cluster.iter().map(|(cluster, root)| format!("{cluster}={}", self.name(root)));
        named.collect::<Vec<_>>().join(",")
    }

    /// `a`, or `a[a,b]`: what leads to `a` in a cluster that trusts both.
    fn signer(&self, text: &str) -> Signer {
        let (name, bundle) = text.trim_end_matches(']').split_once('[').unwrap_or((text, text));
        let root = Authority::root("scratch");
        let (leads_to, roots) = (self.of(name), bundle.split(',').map(|name| self.of(name)));
        Signer::of_certificates(root.certificate, leads_to, roots.collect())
    }

    fn found<T>(text: &str, held: impl Fn(&str) -> T) -> Found<T> {
        if text == "?" { Found::Unusable("broken".to_owned()) } else { Found::Holds(held(text)) }
    }

    /// One cluster in words: see the tables below.
    fn holding(&self, words: &str) -> Holding {
        let mut seen = Seen {
            root: Found::Absent,
            is_as_written: false,
            authority: Found::Absent,
            own: Found::Absent,
            trusted: Vec::new(),
        };
        let mut holding = Holding { is_planned: true, is_known: false, configured: None, seen: None };
        let mut is_read = true;
        for word in words.split_whitespace() {
            match word.split_once('=').unwrap_or((word, "")) {
                ("known", _) => holding.is_known = true,
                ("leaves", _) => holding.is_planned = false,
                ("unread", _) => is_read = false,
                ("written", _) => seen.is_as_written = true,
                ("root", text) => seen.root = Self::found(text, |name| self.of(name)),
                ("lead", text) => seen.authority = Self::found(text, |name| self.signer(name)),
                ("own", text) => seen.own = Self::found(text, |name| self.of(name)),
                ("trusts", text) => seen.trusted = text.split(',').map(|name| self.of(name)).collect(),
                ("given", text) => holding.configured = Some(self.signer(text)),
                (word, _) => panic!("{word}"),
            }
        }
        holding.seen = is_read.then_some(seen);
        holding
    }

    fn told(&self, decided: Result<Decision, Refusal>) -> String {
        let of = |pairs: &[(String, Certificate)]| {
            pairs.iter().map(|(cluster, root)| (cluster.clone(), root.fingerprint())).collect::<Vec<_>>()
        };
        match decided {
            Ok(Decision::Keep(root)) => format!("keep {}", self.name(&root.fingerprint())),
            Ok(Decision::Carry { root, from }) => {
                format!("carry {} from {from}", self.name(&root.fingerprint()))
            }
            Ok(Decision::Generate) => "generate".to_owned(),
            Ok(Decision::NotKept { left, adopted }) => {
                let adopted: Vec<_> = adopted.into_iter().collect();
                let told = format!("{} {}", self.names(&of(&left)), self.names(&of(&adopted)));
                format!("not kept {}", told.trim()).trim().to_owned()
            }
            Err(Refusal::Unread { cluster }) => format!("{cluster} is unread"),
            Err(Refusal::Damaged { cluster, .. }) => format!("{cluster} is damaged"),
            Err(Refusal::Gone { present }) => format!("gone: {}", self.names(&present)),
            Err(Refusal::Ambiguous { kept, present }) => {
                format!("ambiguous: {} / {}", self.names(&kept), self.names(&present))
            }
            Err(Refusal::Replaced { cluster, present, next }) => {
                let present: Vec<String> = present.iter().map(|root| self.name(root)).collect();
                let next = next.map_or_else(|| "new".to_owned(), |next| self.name(&next));
                format!("{cluster}: {} replaced by {next}", present.join(","))
            }
            Err(Refusal::Dropped { cluster, of, present }) => {
                format!("{cluster} drops {} of {of}", self.name(&present))
            }
            Err(Refusal::Foreign { cluster, material, root }) => {
                format!("{cluster} has foreign {material:?} {}", self.name(&root))
            }
            Err(Refusal::NotSelfSigned { cluster, root }) => {
                format!("{cluster} signs with {}", self.name(&root))
            }
        }
    }

    fn signing(&self, text: &str) -> Signing {
        match text.split_once(' ').unwrap_or((text, "")) {
            ("kept", cluster) => Signing::Kept { key_cluster: cluster.to_owned() },
            ("user", root) => Signing::User(Box::new(self.of(root))),
            ("given", signers) => {
                let of = |text: &str| {
                    let (cluster, signer) = text.split_once(':').unwrap();
                    (cluster.to_owned(), self.signer(signer))
                };
                Signing::Given(signers.split(' ').map(of).collect())
            }
            ("existing", _) => Signing::Existing,
            ("self_signed", _) => Signing::SelfSigned,
            (other, _) => panic!("{other}"),
        }
    }

    #[track_caller]
    fn check(&self, before: Option<Mode>, cases: &[Case<'_>]) {
        for (wanted, clusters, expected) in cases {
            let holdings = clusters.iter().map(|(name, words)| ((*name).to_owned(), self.holding(words)));
            let (wanted_signing, holdings) = (self.signing(wanted), holdings.collect());
            let question = Question { wanted: &wanted_signing, before, clusters: &holdings };
            assert_eq!(self.told(question.decide()), *expected, "{before:?} -> {wanted}: {clusters:?}");
        }
    }
}

#[test]
fn a_new_mesh_gets_a_root_only_where_nothing_leads_to_another() {
    Roots::new().check(
        None,
        &[
            ("kept east", &[("east", "")], "generate"),
            ("kept east", &[("east", ""), ("west", "")], "generate"),
            // A create that was interrupted, at every stage.
            ("kept east", &[("east", "root=a"), ("west", "")], "keep a"),
            ("kept east", &[("east", "root=a lead=a"), ("west", "")], "keep a"),
            ("kept east", &[("east", "root=a"), ("west", "lead=a")], "keep a"),
            ("kept east", &[("east", "root=a lead=a"), ("west", "lead=a")], "keep a"),
            // What others have left, or still use.
            ("kept east", &[("east", "own=z"), ("west", "")], "east has foreign Own z"),
            ("kept east", &[("east", ""), ("west", "own=z")], "west has foreign Own z"),
            ("kept east", &[("east", "own=?")], "east has foreign Own broken"),
            ("kept east", &[("east", "lead=z")], "east has foreign Authority z"),
            ("kept east", &[("east", "lead=?")], "east has foreign Authority broken"),
            ("kept east", &[("east", ""), ("west", "lead=z")], "west has foreign Authority z"),
            ("kept east", &[("east", ""), ("west", "root=z")], "west has foreign Root z"),
            ("kept east", &[("east", "root=a"), ("west", "own=z")], "west has foreign Own z"),
            ("kept east", &[("east", "root=a"), ("west", "lead=z")], "ambiguous: east=a / "),
            ("kept east", &[("east", "root=?")], "east is damaged"),
            // Another mesh's roots are not carried off.
            ("kept west", &[("east", "root=a"), ("west", "")], "east has foreign Root a"),
            ("kept west", &[("east", "unread"), ("west", "")], "east is unread"),
            // Another Istio may write what proxies trust; ours has never run.
            ("user a", &[("east", "")], "not kept"),
            ("user a", &[("east", "lead=a")], "not kept"),
            ("user a", &[("east", "own=z")], "east has foreign Own z"),
            ("user a", &[("east", "lead=z")], "east has foreign Authority z"),
            ("user a", &[("east", "root=z")], "east has foreign Root z"),
            ("given east:a", &[("east", "")], "not kept"),
            ("given east:a", &[("east", "own=z")], "east has foreign Own z"),
            ("existing", &[("east", "lead=a")], "not kept"),
            ("self_signed", &[("east", "")], "not kept"),
            ("self_signed", &[("east", "own=z")], "not kept east=z"),
            ("self_signed", &[("east", "lead=a")], "east signs with a"),
            ("self_signed", &[("east", "lead=?")], "east signs with broken"),
        ],
    );
}

#[test]
fn a_kept_root_stays_or_is_carried_and_is_never_made_anew() {
    let at_home = "known root=a written lead=a trusts=a";
    let elsewhere = "known lead=a trusts=a";
    Roots::new().check(
        Some(Mode::Kept),
        &[
            ("kept east", &[("east", at_home), ("west", elsewhere)], "keep a"),
            // Nothing was made by the first apply.
            ("kept east", &[("east", "known"), ("west", "known")], "generate"),
            // Moved: not begun, written in both, gone from the old one.
            ("kept west", &[("east", at_home), ("west", elsewhere)], "carry a from east"),
            ("kept west", &[("east", at_home), ("west", "known root=a lead=a")], "keep a"),
            ("kept west", &[("east", elsewhere), ("west", "known root=a lead=a")], "keep a"),
            ("kept east", &[("east", elsewhere), ("west", at_home)], "carry a from west"),
            // To a cluster that joins, and from one that leaves.
            ("kept west", &[("east", at_home), ("west", "")], "carry a from east"),
            (
                "kept west",
                &[("east", &format!("leaves {at_home}")), ("west", elsewhere)],
                "carry a from east",
            ),
            ("kept west", &[("east", "leaves known unread"), ("west", elsewhere)], "east is unread"),
            ("kept west", &[("east", "leaves known unread"), ("west", "known root=a lead=a")], "keep a"),
            ("kept west", &[("east", "leaves known unread"), ("west", "known")], "east is unread"),
            // Another one was made beside it: what the clusters lead to counts.
            ("kept west", &[("east", at_home), ("west", "known root=b written lead=a")], "carry a from east"),
            ("kept west", &[("east", "known root=b lead=a"), ("west", "known root=a lead=a")], "keep a"),
            (
                "kept west",
                &[("east", "known root=a lead=a"), ("west", "known root=b lead=b")],
                "ambiguous: east=a,west=b / east=a,west=b",
            ),
            (
                "kept west",
                &[("east", "known root=a lead=z"), ("west", "known root=b lead=z")],
                "ambiguous: east=a,west=b / east=z,west=z",
            ),
            ("kept west", &[("east", "known root=a written"), ("west", "known root=b")], "carry a from east"),
            (
                "kept west",
                &[("east", "known root=a"), ("west", "known root=b")],
                "ambiguous: east=a,west=b / ",
            ),
            // Lost: whatever still leads to it, no other is made.
            ("kept east", &[("east", "known lead=a"), ("west", elsewhere)], "gone: east=a,west=a"),
            ("kept east", &[("east", "known"), ("west", elsewhere)], "gone: west=a"),
            ("kept east", &[("east", "known"), ("west", "known lead=?")], "gone: west=broken"),
            ("kept east", &[("east", "known trusts=a")], "gone: east=a"),
            ("kept east", &[("east", "known own=z")], "gone: east=z"),
            ("kept east", &[("east", ""), ("west", elsewhere)], "gone: west=a"),
            // Restored, in its cluster or in one that was made anew.
            ("kept east", &[("east", "known root=a lead=a"), ("west", elsewhere)], "keep a"),
            ("kept east", &[("east", "known root=a"), ("west", elsewhere)], "keep a"),
            ("kept east", &[("east", "root=a"), ("west", elsewhere)], "keep a"),
            ("kept east", &[("east", "known root=a trusts=a")], "keep a"),
            ("kept east", &[("east", "known root=a")], "keep a"),
            // Another one was put there.
            ("kept east", &[("east", "known root=b lead=a trusts=a")], "ambiguous: east=b / east=a"),
            ("kept east", &[("east", "known root=b trusts=a")], "ambiguous: east=b / east=a"),
            ("kept east", &[("east", "root=b"), ("west", elsewhere)], "gone: west=a"),
            ("kept east", &[("east", "known root=? lead=a")], "east is damaged"),
            // An edit elsewhere is taken back, as the plan says.
            ("kept east", &[("east", at_home), ("west", "known lead=b trusts=b")], "keep a"),
            ("kept east", &[("east", "known root=a written lead=b trusts=b")], "keep a"),
            ("kept east", &[("east", at_home), ("west", "known lead=? trusts=a")], "keep a"),
            // istiod has made itself a root, because nothing was there.
            ("kept east", &[("east", at_home), ("west", "known own=z trusts=z")], "keep a"),
            ("kept east", &[("east", "known root=a written own=z trusts=z")], "keep a"),
            // A cluster that joins brings nothing of its own.
            ("kept east", &[("east", at_home), ("west", "")], "keep a"),
            ("kept east", &[("east", at_home), ("west", "lead=a")], "keep a"),
            ("kept east", &[("east", at_home), ("west", "own=z")], "west has foreign Own z"),
            ("kept east", &[("east", at_home), ("west", "lead=z")], "west has foreign Authority z"),
            ("kept east", &[("east", at_home), ("west", "root=z")], "west has foreign Root z"),
        ],
    );
}

#[test]
fn a_root_of_the_provider_is_never_replaced_by_a_change_of_mode() {
    Roots::new().check(
        Some(Mode::Kept),
        &[
            ("user a", &[("east", "known root=a lead=a trusts=a")], "not kept"),
            ("user b", &[("east", "known root=a lead=a trusts=a")], "east: a replaced by b"),
            ("user a", &[("east", "known lead=a")], "not kept"),
            ("user b", &[("east", "known lead=a")], "east: a replaced by b"),
            ("given east:a", &[("east", "known root=a lead=a")], "not kept east=a"),
            ("given east:b", &[("east", "known root=a lead=a")], "east: a replaced by b"),
            ("given east:b[a,b]", &[("east", "known root=a lead=a")], "east: a replaced by b"),
            ("given east:a[a,b]", &[("east", "known root=a lead=a")], "not kept east=a"),
            ("existing", &[("east", "known root=a lead=a")], "not kept east=a"),
            ("existing", &[("east", "known root=a lead=b trusts=a")], "east: a replaced by b"),
            ("self_signed", &[("east", "known root=a lead=a")], "east signs with a"),
            ("self_signed", &[("east", "known root=a trusts=a")], "east: a replaced by new"),
            ("self_signed", &[("east", "known root=a written own=z trusts=z")], "east: a replaced by z"),
            // Nothing was made yet.
            ("given east:b", &[("east", "known")], "not kept"),
            ("self_signed", &[("east", "known")], "not kept"),
        ],
    );
}

#[test]
fn a_root_of_the_users_is_never_replaced_by_a_change_of_mode() {
    let roots = Roots::new();
    roots.check(
        Some(Mode::User),
        &[
            ("kept east", &[("east", "known given=a lead=a trusts=a")], "east: a replaced by new"),
            ("kept east", &[("east", "known given=a lead=a root=a")], "keep a"),
            ("kept east", &[("east", "known given=a lead=a root=b")], "ambiguous: east=b / east=a"),
            ("user b", &[("east", "known given=a lead=a trusts=a")], "east: a replaced by b"),
            ("given east:a", &[("east", "known given=a lead=a")], "not kept"),
            ("given east:b", &[("east", "known given=a lead=a")], "east: a replaced by b"),
        ],
    );
    roots.check(
        Some(Mode::Given),
        &[
            ("given east:a", &[("east", "known given=a lead=a trusts=a")], "not kept"),
            ("given east:b", &[("east", "known given=a lead=a trusts=a")], "east: a replaced by b"),
            ("given east:b", &[("east", "known given=a unread")], "east: a replaced by b"),
            // An edit is taken back.
            ("given east:a", &[("east", "known given=a lead=b trusts=b")], "not kept"),
            // Step by step.
            ("given east:a[a,b]", &[("east", "known given=a")], "not kept"),
            ("given east:b[a,b]", &[("east", "known given=a[a,b]")], "not kept"),
            ("given east:b", &[("east", "known given=a[a,b]")], "east drops a of east"),
            ("given east:b", &[("east", "known given=b[a,b]")], "not kept"),
            (
                "given east:b[a,b] west:a",
                &[("east", "known given=a[a,b]"), ("west", "known given=a")],
                "not kept",
            ),
            (
                "given east:a west:b[a,b]",
                &[("east", "known given=a"), ("west", "known given=b[a,b]")],
                "east drops b of west",
            ),
            ("kept east", &[("east", "known given=a lead=a trusts=a")], "east: a replaced by new"),
            ("user a", &[("east", "known given=a lead=a")], "not kept"),
            ("user b", &[("east", "known given=b[a,b] lead=b")], "not kept"),
            ("user b", &[("east", "known given=a[a,b] lead=a")], "east drops a of east"),
            ("existing", &[("east", "known given=a lead=a")], "not kept"),
            ("existing", &[("east", "known given=a lead=b")], "east: a replaced by b"),
        ],
    );
}

#[test]
fn a_root_of_others_is_never_replaced_by_a_change_of_mode() {
    let roots = Roots::new();
    roots.check(
        Some(Mode::Existing),
        &[
            ("existing", &[("east", "known lead=b trusts=a")], "not kept"),
            ("kept east", &[("east", "known lead=a trusts=a")], "east: a replaced by new"),
            ("kept east", &[("east", "known lead=a trusts=a root=a")], "keep a"),
            ("given east:a", &[("east", "known lead=a trusts=a")], "not kept"),
            ("given east:b", &[("east", "known lead=a trusts=a")], "east: a replaced by b"),
            ("given east:b", &[("east", "known lead=b trusts=a")], "east: a replaced by b"),
            ("self_signed", &[("east", "known lead=a trusts=a")], "east signs with a"),
            ("self_signed", &[("east", "known own=z trusts=z")], "not kept"),
        ],
    );
    roots.check(
        Some(Mode::SelfSigned),
        &[
            ("self_signed", &[("east", "known own=z trusts=z")], "not kept"),
            ("self_signed", &[("east", "known own=z trusts=z lead=a")], "east signs with a"),
            ("kept east", &[("east", "known own=z trusts=z")], "east: z replaced by new"),
            ("kept east", &[("east", "known own=z")], "east: z replaced by new"),
            ("user a", &[("east", "known own=z trusts=z")], "east: z replaced by a"),
            ("user z", &[("east", "known own=z trusts=z")], "not kept"),
            ("given east:a", &[("east", "known own=z trusts=z")], "east: z replaced by a"),
            ("given east:z", &[("east", "known own=z trusts=z")], "not kept"),
            ("existing", &[("east", "known own=z trusts=z lead=a")], "east: z replaced by a"),
            ("existing", &[("east", "known own=z trusts=z lead=z")], "not kept"),
        ],
    );
}
