//! The attacks that are after memory, with the bytes they take. What lives on the heap is measured, that of the
//! attackers with it, who keep little therefore; one attack at a time. The others are in `attacks.rs`.

#[path = "attacks/memory.rs"]
mod memory;
#[allow(dead_code, reason = "the other attacks use all of it")]
#[path = "attacks/scene.rs"]
mod scene;
#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;

use peak_alloc::PeakAlloc;
use scene::Scene;
use support::eventually;
use tokio::sync::{Mutex, MutexGuard};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// What bystanders, runtime and buffers may differ by from one moment to another.
const NOISE: usize = 512 * KIB;

/// The heap while one attack is under way.
struct Measured {
    before: usize,
    _alone: MutexGuard<'static, ()>,
}

impl Measured {
    /// Waits for other attacks to end.
    async fn alone() -> MutexGuard<'static, ()> {
        static ALONE: Mutex<()> = Mutex::const_new(());
        ALONE.lock().await
    }

    /// From now on.
    fn begin(alone: MutexGuard<'static, ()>) -> Self {
        HEAP.reset_peak_usage();
        Self { before: HEAP.current_usage(), _alone: alone }
    }

    /// At no time did more live than at the beginning and this.
    fn stayed_below(&self, most: usize) {
        let more = HEAP.peak_usage().saturating_sub(self.before);
        assert!(more < most + NOISE, "{} KiB more than before, {} KiB allowed", more / KIB, (most + NOISE) / KIB);
    }

    /// What lives is what lived at the beginning, once the attackers' sessions are gone.
    async fn ends(self, scene: Scene) {
        scene.is_left_alone().await;
        let before = self.before;
        eventually("the heap to be as it was", || HEAP.current_usage() < before + NOISE).await;
        scene.ends_well().await;
    }
}
