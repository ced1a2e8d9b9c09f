//! JSON that comes from agents, helpers, extensions and consoles.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::agent_messages::{
    AgentHello, AgentToAppliance, ApplianceToAgent, Challenge, EnrolAnswer, EnrolRequest, EnrolmentKeyContent,
};
use wire::api::{
    BeginSignOn, BeginTotp, BothFactors, ChangePassword, ConfirmTotp, CopyJumpItems, CredentialDraft, FinishSignOn,
    JumpGroupDraft, JumpItemIds, JumpItemsChange, JumpointChange, NewApiToken, NewJumpoint, NewRecording, NewSession,
    NewUser, NodeChange, Preferences, ResetSecondFactors, RevealSecret, SavedFilterDraft, SecondFactorRequest,
    SessionNoteDraft, SetupRequest, SignInRequest, SignInSettings, SignOnProviderDraft, SiteRules, StopRecording,
    TunnelJumpDraft, UserChange,
};
use wire::helper_messages::{ExtensionMessage, HelperMessage, PageMessage, WorkerMessage};
use wire::link_messages::{ApplianceToHelper, HelperHello, HelperToAppliance, Versions};
use wire::validate;

/// What is understood can be written and is understood again as the same.
fn understood<T: Serialize + DeserializeOwned + PartialEq>(bytes: &[u8]) -> Option<T> {
    let it: T = serde_json::from_slice(bytes).ok()?;
    let Ok(text) = serde_json::to_vec(&it) else { panic!("what was read cannot be written") };
    match serde_json::from_slice::<T>(&text) {
        Ok(again) => assert!(again == it, "it reads differently the second time"),
        Err(error) => panic!("what was written cannot be read: {error}"),
    }
    Some(it)
}

fn agreed(versions: Option<Versions>) {
    if let Some(Ok(version)) = versions.map(|it| Versions::OURS.agree(it)) {
        assert!((Versions::OURS.min..=Versions::OURS.max).contains(&version));
    }
}

/// What agents say to the appliance, before and after they have shown who they are, and its answers.
pub fn agent_messages(bytes: &[u8]) {
    agreed(understood::<AgentHello>(bytes).map(|it| it.versions));
    agreed(understood::<EnrolRequest>(bytes).map(|it| it.versions));
    agreed(understood::<Challenge>(bytes).map(|it| it.versions));
    understood::<AgentToAppliance>(bytes);
    understood::<ApplianceToAgent>(bytes);
    understood::<EnrolAnswer>(bytes);
    understood::<EnrolmentKeyContent>(bytes);
}

/// What a helper says on its session's link, and the answers.
pub fn link_messages(bytes: &[u8]) {
    agreed(understood::<HelperHello>(bytes).map(|it| it.versions));
    understood::<HelperToAppliance>(bytes);
    understood::<ApplianceToHelper>(bytes);
}

/// What page, extension and helper say to each other.
pub fn helper_messages(bytes: &[u8]) {
    understood::<ExtensionMessage>(bytes);
    understood::<HelperMessage>(bytes);
    understood::<PageMessage>(bytes);
    understood::<WorkerMessage>(bytes);
}

/// The bodies of every request to the console API, and what they are checked for.
pub fn console_api(bytes: &[u8]) {
    understood::<SetupRequest>(bytes);
    understood::<SignInRequest>(bytes);
    understood::<SecondFactorRequest>(bytes);
    understood::<ChangePassword>(bytes);
    understood::<BeginTotp>(bytes);
    understood::<NewApiToken>(bytes);
    understood::<ConfirmTotp>(bytes);
    understood::<BothFactors>(bytes);
    understood::<ResetSecondFactors>(bytes);
    understood::<SignInSettings>(bytes);
    understood::<BeginSignOn>(bytes);
    understood::<FinishSignOn>(bytes);
    if let Some(draft) = understood::<SignOnProviderDraft>(bytes) {
        assert!(validate::sign_on_provider(&draft.provider).iter().all(|it| !it.message.is_empty()));
    }
    understood::<SiteRules>(bytes);
    if let Some(new) = understood::<NewRecording>(bytes) {
        let _ = validate::new_recording(&new);
    }
    understood::<StopRecording>(bytes);
    understood::<Preferences>(bytes);
    understood::<NewSession>(bytes);
    understood::<NewJumpoint>(bytes);
    understood::<JumpointChange>(bytes);
    understood::<NodeChange>(bytes);
    understood::<JumpGroupDraft>(bytes);
    understood::<JumpItemsChange>(bytes);
    understood::<CopyJumpItems>(bytes);
    understood::<JumpItemIds>(bytes);
    understood::<SavedFilterDraft>(bytes);
    understood::<SessionNoteDraft>(bytes);
    understood::<NewUser>(bytes);
    understood::<UserChange>(bytes);
    understood::<RevealSecret>(bytes);
    if let Some(draft) = understood::<CredentialDraft>(bytes) {
        for error in validate::credential(&draft, true) {
            assert!(!error.field.is_empty() && !error.message.is_empty(), "an error that says nothing");
        }
    }
    if let Some(draft) = understood::<TunnelJumpDraft>(bytes) {
        for error in validate::tunnel_jump(&draft) {
            assert!(!error.field.is_empty() && !error.message.is_empty(), "an error that says nothing");
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let checks =
            [validate::name, validate::hostname, validate::local_address, validate::user_name, validate::password];
        for check in checks {
            assert!(check(text).is_none_or(|message| !message.is_empty()));
        }
        if validate::local_address(text).is_none() {
            let address = text.parse::<std::net::Ipv4Addr>();
            assert!(address.is_ok_and(|it| it.is_loopback()), "{text} is no address of this machine");
        }
    }
}
