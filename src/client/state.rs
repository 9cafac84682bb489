//! Values of the application's own types, one of each.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

type Values = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// Costs nothing until something is kept.
#[derive(Default, Clone)]
pub(crate) struct State(Option<Box<Values>>);

impl State {
    /// Answers the value that was replaced, to be dropped where no lock is held.
    pub(crate) fn set<T: Any + Send + Sync>(&mut self, value: Arc<T>) -> Option<Arc<dyn Any + Send + Sync>> {
        self.0.get_or_insert_default().insert(TypeId::of::<T>(), value)
    }

    /// Takes the values of another, which hold against those that are here. Answers those that were replaced, to be
    /// dropped where no lock is held.
    pub(crate) fn restore(&mut self, other: Self) -> Vec<Arc<dyn Any + Send + Sync>> {
        let Some(other) = other.0 else { return Vec::new() };
        let values = self.0.get_or_insert_default();
        other.into_iter().filter_map(|(kind, value)| values.insert(kind, value)).collect()
    }

    pub(crate) fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.as_ref()?.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.0.as_ref().map_or(0, |values| values.len());
        formatter.debug_struct("State").field("values", &values).finish()
    }
}
