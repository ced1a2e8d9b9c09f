//! Looking for text.

use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{ColumnTrait, Condition};

/// Somewhere in one of these columns: whatever the case of A to Z, which is all that databases fold alike; other letters as they are
/// written, or small.
pub(super) fn contains<C: ColumnTrait>(columns: impl IntoIterator<Item = C>, text: &str) -> Condition {
    let somewhere = |text: &str| {
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        LikeExpr::new(format!("%{escaped}%")).escape('\\')
    };
    let (as_written, small) = (text.to_ascii_lowercase(), text.to_lowercase());
    columns.into_iter().fold(Condition::any(), |any, column| {
        let lower = || Expr::expr(Func::lower(Expr::col(column)));
        let any = any.add(lower().like(somewhere(&as_written)));
        if small == as_written { any } else { any.add(lower().like(somewhere(&small))) }
    })
}
