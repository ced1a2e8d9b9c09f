//! What a user may do with the items of a group, and which rule says so. The most specific rule wins whole: a membership of
//! the user, else those of their teams together, else their default role.

use wire::api::ItemPermission;
use wire::{JumpItemRoleId, JumpPolicyId, UserId};

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u16);

impl Permissions {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Every one.
    #[must_use]
    pub fn all() -> Self {
        ItemPermission::ALL.iter().map(|(it, _)| *it).collect()
    }

    /// Whether it is among them.
    #[must_use]
    pub fn has(self, permission: ItemPermission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// Whether all of these are among them.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those that are in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of these that the other does not have.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Each of them, in the order forms show them.
    pub fn iter(self) -> impl Iterator<Item = ItemPermission> {
        ItemPermission::ALL.into_iter().map(|(it, _)| it).filter(move |it| self.has(*it))
    }

    /// Whether items are shown to who has these. Reports alone show what was done, not what can be used.
    #[must_use]
    pub fn shows_items(self) -> bool {
        !self.without(Self::from(ItemPermission::ViewReport)).is_empty()
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }
}

fn bit(permission: ItemPermission) -> u16 {
    1 << permission as u16
}

impl From<ItemPermission> for Permissions {
    fn from(it: ItemPermission) -> Self {
        Self(bit(it))
    }
}

impl FromIterator<ItemPermission> for Permissions {
    fn from_iter<T: IntoIterator<Item = ItemPermission>>(all: T) -> Self {
        all.into_iter().fold(Self::NONE, |sum, it| sum.or(it.into()))
    }
}

/// A jump item role as decisions see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: JumpItemRoleId,
    /// Its name.
    pub name: String,
    /// What it allows.
    pub permissions: Permissions,
    /// The jump policy that holds for whoever has it by a membership that names one.
    pub policy: Option<JumpPolicyId>,
}

/// What is known of a user wherever they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub user: UserId,
    /// Whether they administer the appliance: such a user may do everything with every group's items.
    pub administrator: bool,
    /// Whether they audit the appliance: such a user may read the reports of every group, and do nothing with its items.
    pub auditor: bool,
    /// Their role where no membership speaks of them.
    pub default_role: Option<Role>,
    /// Their role in a group of their own.
    pub personal_role: Option<Role>,
}

/// What one group says of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memberships {
    /// Whose personal group it is. Others than administrators do not even see it.
    pub owner: Option<UserId>,
    /// The user's own.
    pub own: Option<Role>,
    /// Those of teams they are in, with the teams' names.
    pub teams: Vec<(String, Role)>,
}

/// Which rule decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// They administer the appliance.
    Administrator,
    /// They audit the appliance.
    Auditor,
    /// A membership of the user in the group.
    Own(Role),
    /// Memberships of their teams in the group, with the teams' names.
    Teams(Vec<(String, Role)>),
    /// Their default role.
    Default(Role),
    /// It is their personal group.
    Personal(Role),
    /// It is somebody's personal group.
    SomebodyElses,
    /// No rule speaks of them.
    Nothing,
}

/// The rule that decides for this user in a group with these memberships.
#[must_use]
pub fn rule(who: &Standing, memberships: Memberships) -> Rule {
    if who.administrator {
        Rule::Administrator
    } else if who.auditor {
        Rule::Auditor
    } else if let Some(owner) = memberships.owner {
        match &who.personal_role {
            Some(role) if owner == who.user => Rule::Personal(role.clone()),
            _ => Rule::SomebodyElses,
        }
    } else if let Some(role) = memberships.own {
        Rule::Own(role)
    } else if !memberships.teams.is_empty() {
        Rule::Teams(memberships.teams)
    } else if let Some(role) = &who.default_role {
        Rule::Default(role.clone())
    } else {
        Rule::Nothing
    }
}

impl Rule {
    /// What the rule allows.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        match self {
            Self::Administrator => Permissions::all(),
            Self::Auditor => ItemPermission::ViewReport.into(),
            Self::Own(role) | Self::Default(role) | Self::Personal(role) => role.permissions,
            Self::Teams(teams) => teams.iter().fold(Permissions::NONE, |sum, (_, role)| sum.or(role.permissions)),
            Self::SomebodyElses | Self::Nothing => Permissions::NONE,
        }
    }

    /// What gives a permission; nothing when it is not given.
    #[must_use]
    pub fn given_by(&self, permission: ItemPermission) -> Vec<String> {
        match self {
            Self::Administrator => vec!["administrator".into()],
            Self::Auditor if self.permissions().has(permission) => vec!["auditor".into()],
            Self::Own(role) | Self::Default(role) | Self::Personal(role) if role.permissions.has(permission) => {
                vec![role.name.clone()]
            }
            Self::Teams(teams) => {
                let giving = teams.iter().filter(|(_, role)| role.permissions.has(permission));
                giving.map(|(team, role)| format!("{} (team {team})", role.name)).collect()
            }
            Self::Auditor
            | Self::Own(_)
            | Self::Default(_)
            | Self::Personal(_)
            | Self::SomebodyElses
            | Self::Nothing => Vec::new(),
        }
    }

    /// The policies that come with what gives a permission, each once.
    #[must_use]
    pub fn policies_for(&self, permission: ItemPermission) -> Vec<JumpPolicyId> {
        let giving = |role: &Role| role.policy.filter(|_| role.permissions.has(permission));
        let mut policies: Vec<JumpPolicyId> = match self {
            Self::Own(role) | Self::Default(role) | Self::Personal(role) => giving(role).into_iter().collect(),
            Self::Teams(teams) => teams.iter().filter_map(|(_, role)| giving(role)).collect(),
            Self::Administrator | Self::Auditor | Self::SomebodyElses | Self::Nothing => Vec::new(),
        };
        policies.sort_unstable();
        policies.dedup();
        policies
    }

    /// The rule in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Administrator => "Administrators may do everything with the items of every group.".into(),
            Self::Auditor => {
                "Auditors may read the reports of every group and change nothing; no role in a group counts for them."
                    .into()
            }
            Self::Own(role) => format!("The group's members list gives this user the role {}.", role.name),
            Self::Teams(teams) => {
                let each: Vec<String> =
                    teams.iter().map(|(team, role)| format!("the team {team} the role {}", role.name)).collect();
                format!("The group's members list gives {}.", each.join(" and "))
            }
            Self::Default(role) => {
                format!("No member of the group's list is meant, so the user's default role {} counts.", role.name)
            }
            Self::Personal(role) => {
                format!("It is this user's personal group, in which they have the role {}.", role.name)
            }
            Self::SomebodyElses => {
                "It is a personal group: only its owner, as far as they have a role for it, and administrators see it."
                    .into()
            }
            Self::Nothing => "No member of the group's list is meant, and the user has no default role.".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn role(name: &str, permissions: &[ItemPermission]) -> Role {
        let permissions = permissions.iter().copied().collect();
        Role { id: JumpItemRoleId(Uuid::nil()), name: name.into(), permissions, policy: None }
    }

    fn somebody(default_role: Option<Role>) -> Standing {
        Standing { user: UserId(Uuid::nil()), administrator: false, auditor: false, default_role, personal_role: None }
    }

    #[test]
    fn the_most_specific_rule_wins_whole() {
        use ItemPermission::{Add, EditTag, Start};
        let (own, team, other, default) =
            (role("own", &[EditTag]), role("team", &[Start]), role("other", &[Add]), role("default", &[Start, Add]));
        let teams = vec![("ops".to_owned(), team.clone()), ("dba".to_owned(), other)];
        let both = Memberships { own: Some(own.clone()), teams: teams.clone(), ..Memberships::default() };
        let of_teams = Memberships { teams, ..Memberships::default() };
        let table = [
            (somebody(Some(default.clone())), both.clone(), vec![EditTag]),
            (somebody(Some(default.clone())), of_teams.clone(), vec![Start, Add]),
            (somebody(Some(default.clone())), Memberships::default(), vec![Start, Add]),
            (somebody(None), both, vec![EditTag]),
            (somebody(None), of_teams, vec![Start, Add]),
            (somebody(None), Memberships::default(), vec![]),
        ];
        for (who, memberships, expected) in table {
            let rule = rule(&who, memberships);
            assert_eq!(rule.permissions(), expected.iter().copied().collect(), "{rule:?}");
        }
        let boss = Standing { administrator: true, ..somebody(None) };
        let nothing = Memberships { own: Some(role("none", &[])), ..Memberships::default() };
        assert_eq!(rule(&boss, nothing.clone()), Rule::Administrator);
        // Nothing that a group gives makes more of an auditor.
        let auditor = Standing { auditor: true, ..somebody(Some(default.clone())) };
        let everything = Memberships { own: Some(role("all", &[Start, Add])), ..Memberships::default() };
        assert_eq!(rule(&auditor, everything).permissions(), ItemPermission::ViewReport.into());
        assert!(!rule(&auditor, nothing.clone()).permissions().shows_items());
        // A role without permissions takes away what a default would give.
        assert_eq!(rule(&somebody(Some(default)), nothing).permissions(), Permissions::NONE);
    }

    #[test]
    fn a_personal_group_is_its_owners_alone() {
        use ItemPermission::{Add, Start};
        let (mine, other) = (UserId(Uuid::nil()), UserId(Uuid::from_u128(9)));
        let personal = || Some(role("personal", &[Start, Add]));
        let of = |owner| {
            let own = Some(role("own", &[Start]));
            Memberships { owner: Some(owner), own, teams: vec![("ops".to_owned(), role("team", &[Start]))] }
        };
        let who = Standing { personal_role: personal(), ..somebody(Some(role("default", &[Start]))) };
        assert_eq!(rule(&who, of(mine)).permissions(), [Start, Add].into_iter().collect());
        assert_eq!(rule(&who, of(other)), Rule::SomebodyElses);
        let without = Standing { personal_role: None, ..who.clone() };
        assert_eq!(rule(&without, of(mine)).permissions(), Permissions::NONE, "neither list nor default role counts");
        assert_eq!(rule(&who, Memberships::default()).permissions(), Start.into(), "it counts nowhere else");
        assert_eq!(rule(&Standing { administrator: true, ..who }, of(other)), Rule::Administrator);
    }

    #[test]
    fn what_gives_a_permission_is_named() {
        use ItemPermission::{Add, Start};
        let teams = vec![("ops".to_owned(), role("Users", &[Start])), ("dba".to_owned(), role("Makers", &[Add]))];
        let it = rule(&somebody(None), Memberships { teams, ..Memberships::default() });
        assert_eq!(it.given_by(Add), ["Makers (team dba)"]);
        assert_eq!(it.given_by(ItemPermission::Remove), [""; 0]);
        assert_eq!(
            it.sentence(),
            "The group's members list gives the team ops the role Users and the team dba the role Makers."
        );
    }

    #[test]
    fn policies_come_with_the_memberships_that_decide_and_give_the_permission() {
        use ItemPermission::{Add, Start};
        let policy = |number| Some(JumpPolicyId(Uuid::from_u128(number)));
        let with = |name, permission, number| Role { policy: policy(number), ..role(name, &[permission]) };
        let teams = vec![
            ("a".to_owned(), with("a", Start, 2)),
            ("b".to_owned(), with("b", Add, 3)),
            ("c".to_owned(), with("c", Start, 1)),
            ("d".to_owned(), with("d", Start, 2)),
            ("e".to_owned(), role("e", &[Start])),
        ];
        let of_teams = Memberships { teams: teams.clone(), ..Memberships::default() };
        let both = Memberships { own: Some(with("own", Start, 9)), teams, ..Memberships::default() };
        let numbers = |rule: Rule| rule.policies_for(Start).iter().map(|id| id.0.as_u128()).collect::<Vec<_>>();
        assert_eq!(numbers(rule(&somebody(None), of_teams)), [1, 2]);
        assert_eq!(numbers(rule(&somebody(None), both.clone())), [9]);
        assert_eq!(numbers(rule(&Standing { administrator: true, ..somebody(None) }, both)), [0; 0]);
    }

    #[test]
    fn reports_alone_show_no_items() {
        let reports: Permissions = ItemPermission::ViewReport.into();
        assert!(!reports.shows_items() && !Permissions::NONE.shows_items());
        assert!(reports.or(ItemPermission::Start.into()).shows_items());
        assert_eq!(Permissions::all().iter().count(), ItemPermission::ALL.len());
    }

    fn any_role() -> impl Strategy<Value = Role> {
        (0u16..1 << ItemPermission::ALL.len()).prop_map(|bits| Role {
            id: JumpItemRoleId(Uuid::nil()),
            name: bits.to_string(),
            permissions: Permissions(bits),
            policy: None,
        })
    }

    /// Of nobody's own group, of the user's, and of somebody else's.
    fn any_memberships() -> impl Strategy<Value = Memberships> {
        let owner = prop_oneof![
            2 => Just(None),
            1 => Just(Some(UserId(Uuid::nil()))),
            1 => Just(Some(UserId(Uuid::from_u128(9)))),
        ];
        let teams = proptest::collection::vec(("[a-z]{1,4}", any_role()), 0..4);
        (owner, proptest::option::of(any_role()), teams).prop_map(|(owner, own, teams)| Memberships {
            owner,
            own,
            teams,
        })
    }

    fn anybody() -> impl Strategy<Value = Standing> {
        (proptest::option::of(any_role()), proptest::option::of(any_role()))
            .prop_map(|(default_role, personal_role)| Standing { personal_role, ..somebody(default_role) })
    }

    proptest! {
        #[test]
        fn nothing_is_given_that_no_role_gives(who in anybody(), memberships in any_memberships()) {
            let of_lists = memberships.own.iter().chain(memberships.teams.iter().map(|(_, role)| role));
            // Neither lists nor default roles reach into a personal group, nor its role out of it.
            let roles: Vec<&Role> = match memberships.owner {
                None => of_lists.chain(&who.default_role).collect(),
                Some(owner) if owner == who.user => who.personal_role.iter().collect(),
                Some(_) => Vec::new(),
            };
            let most = roles.into_iter().fold(Permissions::NONE, |sum, role| sum.or(role.permissions));
            let rule = rule(&who, memberships);
            prop_assert!(most.covers(rule.permissions()));
            for (permission, _) in ItemPermission::ALL {
                prop_assert_eq!(rule.permissions().has(permission), !rule.given_by(permission).is_empty());
            }
        }

        #[test]
        fn a_personal_group_gives_its_owner_the_personal_role_and_others_nothing(
            who in anybody(),
            memberships in any_memberships(),
            is_own in any::<bool>(),
        ) {
            let owner = if is_own { who.user } else { UserId(Uuid::from_u128(9)) };
            let given = rule(&who, Memberships { owner: Some(owner), ..memberships }).permissions();
            let personal = who.personal_role.as_ref().map_or(Permissions::NONE, |role| role.permissions);
            prop_assert_eq!(given, if is_own { personal } else { Permissions::NONE });
        }

        #[test]
        fn a_smaller_role_widens_nothing(
            who in anybody(),
            memberships in any_memberships(),
            kept in 0u16..1 << ItemPermission::ALL.len(),
        ) {
            let fewer = |role: Role| Role { permissions: Permissions(role.permissions.0 & kept), ..role };
            let before = rule(&who, memberships.clone()).permissions();
            let less = Memberships {
                owner: memberships.owner,
                own: memberships.own.map(fewer),
                teams: memberships.teams.into_iter().map(|(team, role)| (team, fewer(role))).collect(),
            };
            let lesser = Standing {
                default_role: who.default_role.map(fewer),
                personal_role: who.personal_role.map(fewer),
                ..who
            };
            let after = rule(&lesser, less).permissions();
            prop_assert!(before.covers(after));
        }

        #[test]
        fn a_team_more_takes_nothing_away_and_gives_only_its_role(
            who in anybody(),
            memberships in any_memberships(),
            more in any_role(),
        ) {
            prop_assume!(memberships.own.is_none() && !memberships.teams.is_empty());
            let is_personal = memberships.owner.is_some();
            let before = rule(&who, memberships.clone()).permissions();
            let mut after = memberships;
            after.teams.push(("new".into(), more.clone()));
            let after = rule(&who, after).permissions();
            prop_assert_eq!(after, if is_personal { before } else { before.or(more.permissions) });
        }
    }
}
