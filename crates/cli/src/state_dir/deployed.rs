//! What is deployed: the revisions that Envoys are offered, from which a start goes on.

use std::fs;

use serde::{Deserialize, Serialize};
use serde_json::json;
use weir_policy::Checked;

use super::StateDir;
use crate::problems::Failure;

/// The revisions that Envoys are offered: one at edges and one in the mesh, which differ only during a rollout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployedRevisions {
    /// Of attachments that decide.
    pub edges: String,
    /// Of all others.
    pub mesh: String,
    /// The number of the change of what releases add to the policy at edges.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub edges_push: u64,
    /// The same in the mesh.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mesh_push: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl StateDir {
    /// The revisions that Envoys were offered last, be it in the middle of a rollout.
    pub fn deployed(&self) -> Result<Option<DeployedRevisions>, Failure> {
        match self.read(DEPLOYED)? {
            None => self.read(DEPLOYED_BEFORE),
            deployed => Ok(deployed),
        }
    }

    /// Saves the revisions that Envoys are offered from now on.
    pub fn save_deployed(
        &self,
        (edges, edges_push): (&Checked, u64),
        (mesh, mesh_push): (&Checked, u64),
    ) -> Result<(), Failure> {
        let [edges_revision, mesh_revision] = [edges, mesh].map(|policy| policy.revision.to_string());
        let deployed = DeployedRevisions { edges: edges_revision, mesh: mesh_revision, edges_push, mesh_push };
        if self.read(DEPLOYED).is_ok_and(|before| before.as_ref() == Some(&deployed)) {
            return Ok(());
        }
        self.save_policy(edges)?;
        self.save_policy(mesh)?;
        self.write(DEPLOYED, json!(deployed).to_string().as_bytes())?;
        // It would be old news to a server of before that were started again.
        let _ = fs::remove_file(self.folder.join(DEPLOYED_BEFORE));
        Ok(())
    }
}

const DEPLOYED: &str = "deployed.json";
/// Its name in the first versions: read where the other one is not there yet.
const DEPLOYED_BEFORE: &str = "standing.json";
