//! Looking for text.

use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};
use sea_orm::{ColumnTrait, Condition};

/// Whatever the case, somewhere in one of these columns.
pub(super) fn contains<C: ColumnTrait>(columns: impl IntoIterator<Item = C>, text: &str) -> Condition {
    let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    columns.into_iter().fold(Condition::any(), |any, column| {
        let lower = Expr::expr(Func::lower(Expr::col(column)));
        any.add(lower.like(LikeExpr::new(format!("%{escaped}%")).escape('\\')))
    })
}
