terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "bank_document" {
  description = "JSON that the other organisation has handed over; null until it has."
  type        = string
  default     = null
}

locals {
  bank = provider::istio::peer_document_decode(var.bank_document)
}

output "bank_exports" {
  description = "The host names of the Services that the other mesh exports."
  value       = { for name, export in coalesce(try(local.bank.exports, null), {}) : name => export.host }
}
