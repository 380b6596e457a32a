// Stands in for the nested modules of github.com/hashicorp/terraform (its remote-state backends), which its
// go.mod replaces by folders that the module's archive does not hold.
module github.com/hashicorp/terraform/internal/backend/remote-state/refused

go 1.26.0
