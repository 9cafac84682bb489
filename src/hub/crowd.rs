//! Who is in a room.

use std::{collections::HashMap, ptr, sync::Arc};

/// Up to so many members are searched one by one.
const FEW: usize = 32;

/// Members in no order, to be walked without a lock: whoever walks has its own view of them, which is copied only when
/// somebody comes or goes meanwhile. A small crowd, of which there may be a great many, is a list and nothing more.
#[derive(Debug)]
pub(super) struct Crowd<T> {
    members: Arc<Vec<Arc<T>>>,
    /// Nothing in a small crowd.
    places: Option<Box<Places>>,
}

/// Where each member is, by its address. It stays the same as long as the member is in the crowd.
#[derive(Debug)]
struct Places(HashMap<usize, usize>);

impl<T> Crowd<T> {
    /// Those who are in it now.
    pub(super) fn view(&self) -> Arc<Vec<Arc<T>>> {
        Arc::clone(&self.members)
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn contains(&self, member: &T) -> bool {
        self.place(member).is_some()
    }

    /// Answers whether it was new.
    pub(super) fn insert(&mut self, member: &Arc<T>) -> bool {
        if self.contains(member) {
            return false;
        }
        let members = Arc::make_mut(&mut self.members);
        if members.is_empty() {
            // Most rooms of a great many are for one or two.
            members.reserve_exact(1);
        }
        members.push(Arc::clone(member));
        if let Some(Places(places)) = self.places.as_deref_mut() {
            places.insert(address(Arc::as_ptr(member)), members.len() - 1);
        } else if members.len() > FEW {
            let places = members.iter().enumerate().map(|(place, member)| (address(Arc::as_ptr(member)), place));
            self.places = Some(Box::new(Places(places.collect())));
        }
        true
    }

    /// Answers whether it was there.
    pub(super) fn remove(&mut self, member: &T) -> bool {
        let Some(place) = self.place(member) else { return false };
        let members = Arc::make_mut(&mut self.members);
        let removed = members.swap_remove(place);
        if members.capacity() / 4 > members.len() {
            members.shrink_to(2 * members.len());
        }
        if let Some(Places(places)) = self.places.as_deref_mut() {
            places.remove(&address(Arc::as_ptr(&removed)));
            if let Some(moved) = members.get(place) {
                places.insert(address(Arc::as_ptr(moved)), place);
            }
            if places.capacity() / 4 > members.len() {
                places.shrink_to(2 * members.len());
            }
        }
        if self.members.len() < FEW / 2 {
            self.places = None;
        }
        true
    }

    fn place(&self, member: &T) -> Option<usize> {
        match self.places.as_deref() {
            Some(Places(places)) => places.get(&address(ptr::from_ref(member))).copied(),
            None => self.members.iter().position(|other| ptr::eq(Arc::as_ptr(other), member)),
        }
    }
}

impl<T> Default for Crowd<T> {
    fn default() -> Self {
        Self { members: Arc::default(), places: None }
    }
}

fn address<T>(member: *const T) -> usize {
    member.addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn members(count: usize) -> Vec<Arc<usize>> {
        (0..count).map(Arc::new).collect()
    }

    fn numbers(members: &[Arc<usize>]) -> HashSet<usize> {
        members.iter().map(|member| **member).collect()
    }

    #[test]
    fn who_walks_sees_those_of_the_moment_it_began() {
        let (all, mut crowd) = (members(100), Crowd::default());
        assert!(all.iter().all(|member| crowd.insert(member)));
        let view = crowd.view();
        assert!(Arc::ptr_eq(&view, &crowd.view()), "nothing is copied to be walked");
        assert!(crowd.remove(&all[0]) && !crowd.remove(&all[0]));
        assert_eq!((view.len(), crowd.view().len()), (100, 99));
        drop(view);
        let before = crowd.view().as_ptr();
        crowd.remove(&all[1]);
        let after = crowd.view().as_ptr();
        assert_eq!(before, after, "nothing is copied when nobody walks");
    }

    #[test]
    fn a_crowd_that_has_gone_leaves_no_memory_behind() {
        let (all, mut crowd) = (members(10_000), Crowd::default());
        all.iter().for_each(|member| _ = crowd.insert(member));
        assert!(crowd.places.is_some());
        all[100..].iter().for_each(|member| _ = crowd.remove(member));
        let room = crowd.places.as_ref().map(|places| places.0.capacity());
        assert!(room.is_some_and(|room| room < 1000) && crowd.members.capacity() < 1000, "{room:?}");
        all[1..100].iter().for_each(|member| _ = crowd.remove(member));
        assert!(crowd.places.is_none() && crowd.members.capacity() < 100, "{}", crowd.members.capacity());
    }

    #[test]
    fn a_room_of_one_is_small() {
        let (all, mut crowd) = (members(1), Crowd::default());
        crowd.insert(&all[0]);
        assert_eq!((size_of::<Crowd<usize>>(), crowd.members.capacity()), (2 * size_of::<usize>(), 1));
    }

    proptest! {
        #[test]
        fn whoever_came_and_did_not_go_is_in(steps in prop::collection::vec((0..80_usize, prop::bool::ANY), 0..400)) {
            let (all, mut crowd, mut expected) = (members(80), Crowd::default(), HashSet::new());
            let (mut view, mut seen) = (crowd.view(), HashSet::new());
            for (number, comes) in steps {
                if comes {
                    prop_assert_eq!(crowd.insert(&all[number]), expected.insert(number));
                } else {
                    prop_assert_eq!(crowd.remove(&all[number]), expected.remove(&number));
                }
                if number % 7 == 0 {
                    (view, seen) = (crowd.view(), expected.clone());
                }
                let inside = numbers(&crowd.view());
                prop_assert_eq!((&inside, crowd.len()), (&expected, expected.len()));
                prop_assert!(all.iter().all(|member| crowd.contains(member) == expected.contains(&**member)));
            }
            prop_assert_eq!(numbers(&view), seen, "a view stays as it was");
        }
    }
}
