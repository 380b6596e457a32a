// Program acceptance drives a provider with terraform-plugin-testing, as the acceptance tests of a Go provider do.
//
// The provider under test is the example provider of crates/tfplugin. Its environment names a Terraform
// (TF_ACC_TERRAFORM_PATH), a filesystem mirror with the provider in it (TF_CLI_CONFIG_FILE) and an empty directory for
// the provider to use (KEEPER_DIRECTORY). It prints the name of each test that has passed, and fails at the first that
// does not.
package main

import (
	"fmt"
	"os"
	"regexp"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	testing "github.com/mitchellh/go-testing-interface"
)

const address = "keeper_server.a"

func main() {
	tests := []struct {
		name  string
		steps []resource.TestStep
	}{
		{"a server lives", life()},
		{"a server is imported in every way", imports()},
		{"faults are reported", faults()},
	}
	for _, test := range tests {
		resource.UnitTest(&testing.RuntimeT{}, resource.TestCase{
			ExternalProviders: map[string]resource.ExternalProvider{"keeper": {Source: "example/keeper"}},
			Steps:             test.steps,
		})
		fmt.Println("passed:", test.name)
	}
}

// server is a configuration with one server.
func server(arguments string) string {
	return fmt.Sprintf(`
provider "keeper" {
  directory = %q
}

resource "keeper_server" "a" {
%s
}
`, os.Getenv("KEEPER_DIRECTORY"), arguments)
}

func actions(action plancheck.ResourceActionType, checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply: append(checks, plancheck.ExpectResourceAction(address, action)),
		PostApplyPostRefresh: []plancheck.PlanCheck{
			plancheck.ExpectEmptyPlan(),
		},
	}
}

func at(path string) tfjsonpath.Path { return tfjsonpath.New(path) }

func life() []resource.TestStep {
	return []resource.TestStep{
		{
			Config: server("name = \"one\"\n tags = { a = \"b\" }\n disk \"d\" {}\n port { number = 1 }"),
			ConfigPlanChecks: actions(
				plancheck.ResourceActionCreate,
				plancheck.ExpectUnknownValue(address, at("address")),
				plancheck.ExpectKnownValue(address, at("size"), knownvalue.Int64Exact(10)),
			),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(address, at("address"), knownvalue.StringExact("one.example")),
				statecheck.ExpectKnownValue(
					address, at("disk").AtMapKey("d").AtMapKey("id"), knownvalue.StringExact("one-d"),
				),
				statecheck.ExpectIdentityValue(address, at("name"), knownvalue.StringExact("one")),
			},
		},
		{
			Config: server("name = \"one\"\n size = 11"),
			ConfigPlanChecks: actions(
				plancheck.ResourceActionUpdate,
				plancheck.ExpectKnownValue(address, at("address"), knownvalue.StringExact("one.example")),
				plancheck.ExpectKnownValue(address, at("tags"), knownvalue.Null()),
			),
		},
		{
			Config:           server("name = \"two\"\n size = 11"),
			ConfigPlanChecks: actions(plancheck.ResourceActionReplace),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectIdentityValue(address, at("name"), knownvalue.StringExact("two")),
			},
		},
	}
}

func imports() []resource.TestStep {
	steps := []resource.TestStep{{Config: server("name = \"three\"\n size = 12")}}
	for _, kind := range []resource.ImportStateKind{
		resource.ImportCommandWithID,
		resource.ImportBlockWithID,
		resource.ImportBlockWithResourceIdentity,
	} {
		step := resource.TestStep{ResourceName: address, ImportState: true, ImportStateKind: kind}
		if kind != resource.ImportBlockWithResourceIdentity {
			step.ImportStateId = "three"
		}
		if kind == resource.ImportCommandWithID {
			step.ImportStateVerify = true
			step.ImportStateVerifyIdentifierAttribute = "name"
		}
		steps = append(steps, step)
	}
	return steps
}

func faults() []resource.TestStep {
	return []resource.TestStep{
		{Config: server("name = \"four\"\n size = 2000"), ExpectError: regexp.MustCompile("must be between 1 and 1000")},
		{Config: server("name = \"four\"\n behaviour = \"panic\""), ExpectError: regexp.MustCompile("asked to crash")},
	}
}
