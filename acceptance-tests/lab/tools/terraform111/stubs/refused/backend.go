// Package refused is a state backend that is not in this build and says so.
package refused

import (
	"errors"

	"github.com/zclconf/go-cty/cty"

	"github.com/hashicorp/terraform/internal/backend"
	"github.com/hashicorp/terraform/internal/configs/configschema"
	"github.com/hashicorp/terraform/internal/states/statemgr"
	"github.com/hashicorp/terraform/internal/tfdiags"
)

var errNotInThisBuild = errors.New("this state backend is not in this build of Terraform, which is for the provider's tests; use the local backend")

type refused struct{}

// New returns a backend that accepts no configuration.
func New() backend.Backend { return refused{} }

func (refused) ConfigSchema() *configschema.Block { return &configschema.Block{} }

func (refused) PrepareConfig(config cty.Value) (cty.Value, tfdiags.Diagnostics) {
	return config, refusal()
}

func (refused) Configure(cty.Value) tfdiags.Diagnostics { return refusal() }

func (refused) StateMgr(string) (statemgr.Full, error) { return nil, errNotInThisBuild }

func (refused) DeleteWorkspace(string, bool) error { return errNotInThisBuild }

func (refused) Workspaces() ([]string, error) { return nil, errNotInThisBuild }

func refusal() tfdiags.Diagnostics {
	var diagnostics tfdiags.Diagnostics
	return diagnostics.Append(errNotInThisBuild)
}
